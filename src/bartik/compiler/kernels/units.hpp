// One text, two forms. Of a block of rows (X is Lanes) each lane is a row: an element of the row is a vector, a number of a table one float.
// Of one row (X is float) neighbouring elements lie in the lanes: numbers of a table are vectors. What the forms do not share stands here:
// how many elements a vector has, and how elements, numbers and results are reached. Both add the same products in the same order.
template <class X>
constexpr int units_of = 1;
template <>
constexpr int units_of<float> = lanes;

// Vectors of sums that stay in registers, beside what they are made of.
#if defined(__AVX512F__)
constexpr int most_sums = 24;
#else
constexpr int most_sums = 12;
#endif

BARTIK_INLINE Lanes units_at(const Lanes* from, int unit) noexcept { return from[unit]; }
BARTIK_INLINE Lanes units_at(const float* from, int unit) noexcept { return load(from + unit); }
BARTIK_INLINE void put_units(Lanes* to, int unit, Lanes values) noexcept { to[unit] = values; }
BARTIK_INLINE void put_units(float* to, int unit, Lanes values) noexcept { store(to + unit, values); }

// The same where only `count` elements are left, of which a vector may have more.
template <int count>
BARTIK_INLINE Lanes some_at(const Lanes* from) noexcept { return *from; }
template <int count>
BARTIK_INLINE Lanes some_at(const float* from) noexcept {
  Lanes values{};
  std::memcpy(&values, from, (count < lanes ? count : lanes) * sizeof(float));
  return values;
}
template <int count>
BARTIK_INLINE void put_some(Lanes* to, Lanes values) noexcept { *to = values; }
template <int count>
BARTIK_INLINE void put_some(float* to, Lanes values) noexcept { std::memcpy(to, &values, (count < lanes ? count : lanes) * sizeof(float)); }

template <class X>
BARTIK_INLINE auto weight_at(const float* from) noexcept {
  if constexpr (units_of<X> == 1) return *from;
  else return load(from);
}
template <class X>
BARTIK_INLINE Lanes start_at(const float* from) noexcept {
  if constexpr (units_of<X> == 1) return all(*from);
  else return load(from);
}
BARTIK_INLINE Lanes spread(Lanes, float x) noexcept { return all(x); }
BARTIK_INLINE Lanes spread(Lanes, Lanes x) noexcept { return x; }
BARTIK_INLINE float spread(float, float x) noexcept { return x; }

// x * y + sum, fused where the machine can, whatever `sum` is: where that is a product too, the compiler may fuse either, and not the same
// one in both forms.
BARTIK_INLINE float fused(float x, float y, float sum) noexcept {
#if defined(__FMA__)
  return __builtin_fmaf(x, y, sum);
#else
  return x * y + sum;
#endif
}
BARTIK_INLINE Lanes fused(Lanes x, Lanes y, Lanes sum) noexcept {
#if defined(__AVX512F__)
  return Lanes(_mm512_fmadd_ps(__m512(x), __m512(y), __m512(sum)));
#elif defined(__FMA__)
  return Lanes(_mm256_fmadd_ps(__m256(x), __m256(y), __m256(sum)));
#else
  return x * y + sum;
#endif
}
