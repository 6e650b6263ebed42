// Lanes: as many floats as this machine computes at once. In `block` each lane is a row; in `single` each lane is an output.
#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float Lanes __attribute__((vector_size(4 * lanes)));
typedef std::int32_t Mask __attribute__((vector_size(4 * lanes)));  // all bits where a comparison holds
typedef std::uint32_t Bits __attribute__((vector_size(4 * lanes)));

BARTIK_INLINE Lanes load(const float* from) noexcept {
  Lanes values;
  std::memcpy(&values, from, sizeof values);
  return values;
}
BARTIK_INLINE void store(float* to, Lanes values) noexcept { std::memcpy(to, &values, sizeof values); }

BARTIK_INLINE Lanes all(float x) noexcept { return x - Lanes{}; }  // minus zero stays minus zero
BARTIK_INLINE Lanes gather(const float* from, const int* places) noexcept {
  Lanes values{};
  for (int lane = 0; lane < lanes; ++lane) values[lane] = from[places[lane]];
  return values;
}

// The same numbers, but the compiler no longer knows that they may be a product: it would round that together with a sum they are part
// of, and do so in one of the two forms only.
#if defined(__AVX512F__)
BARTIK_INLINE Lanes rounded(Lanes x) noexcept { asm("" : "+v"(x)); return x; }
BARTIK_INLINE float rounded(float x) noexcept { asm("" : "+v"(x)); return x; }
#elif defined(__SSE__)
BARTIK_INLINE Lanes rounded(Lanes x) noexcept { asm("" : "+x"(x)); return x; }
BARTIK_INLINE float rounded(float x) noexcept { asm("" : "+x"(x)); return x; }
#elif defined(__aarch64__)
BARTIK_INLINE Lanes rounded(Lanes x) noexcept { asm("" : "+w"(x)); return x; }
BARTIK_INLINE float rounded(float x) noexcept { asm("" : "+w"(x)); return x; }
#else
BARTIK_INLINE Lanes rounded(Lanes x) noexcept { return x; }
BARTIK_INLINE float rounded(float x) noexcept { return x; }
#endif

// Zeros, a vector at a time. A compiler that knew them as zeros would use the processor's instruction for long strings, which takes long
// to begin (GCC: 18 ns for 80 floats).
template <int size>
BARTIK_INLINE void clear(float* x) noexcept {
  const Lanes zero = rounded(Lanes{});
  for (int j = 0; j < size; j += lanes) store(&x[j], zero);
}

// weight * x + sum in one expression: one rounding where the machine has a fused multiply-add.
BARTIK_INLINE Lanes madd(float weight, Lanes x, Lanes sum) noexcept { return weight * x + sum; }
BARTIK_INLINE Lanes madd(Lanes weight, float x, Lanes sum) noexcept { return weight * x + sum; }


// The larger (smaller) of the two, and y where either is NaN: what the machine's own instruction does.
// (`maskz` with all lanes on is that instruction; the plain form warns in GCC 12's own header.)
#if defined(__AVX512F__)
BARTIK_INLINE Lanes max_or_second(Lanes x, Lanes y) noexcept { return Lanes(_mm512_maskz_max_ps(__mmask16(-1), __m512(x), __m512(y))); }
BARTIK_INLINE Lanes min_or_second(Lanes x, Lanes y) noexcept { return Lanes(_mm512_maskz_min_ps(__mmask16(-1), __m512(x), __m512(y))); }
#elif defined(__AVX__)
BARTIK_INLINE Lanes max_or_second(Lanes x, Lanes y) noexcept { return Lanes(_mm256_max_ps(__m256(x), __m256(y))); }
BARTIK_INLINE Lanes min_or_second(Lanes x, Lanes y) noexcept { return Lanes(_mm256_min_ps(__m256(x), __m256(y))); }
#else
BARTIK_INLINE Lanes max_or_second(Lanes x, Lanes y) noexcept { return x > y ? x : y; }
BARTIK_INLINE Lanes min_or_second(Lanes x, Lanes y) noexcept { return x < y ? x : y; }
#endif

BARTIK_INLINE Lanes at_least(Lanes low, Lanes x) noexcept { return max_or_second(low, x); }  // low is a number, x may be NaN
BARTIK_INLINE Lanes at_most(Lanes high, Lanes x) noexcept { return min_or_second(high, x); }
BARTIK_INLINE Lanes relu(Lanes x) noexcept { return max_or_second(Lanes{}, x); }
