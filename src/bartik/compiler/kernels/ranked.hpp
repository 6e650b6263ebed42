// The first few of x[outer][count][inner] along the middle axis, in order, and where they were: out[2][outer][kept][inner]. The few are kept
// in order: a value goes to its place among them where it comes before the last. Of equal ones the first comes first; NaN is largest.
BARTIK_INLINE float lane_at(const float& x, int) noexcept { return x; }
BARTIK_INLINE float lane_at(const Lanes& x, int lane) noexcept { return x[lane]; }
BARTIK_INLINE void set_lane(float& x, int, float value) noexcept { x = value; }
BARTIK_INLINE void set_lane(Lanes& x, int lane, float value) noexcept { x[lane] = value; }

template <int largest>
BARTIK_INLINE bool comes_before(float it, float other) noexcept {
  return largest ? it > other || (it != it && other == other) : it < other || (it == it && other != other);
}

template <int outer, int count, int inner, int kept, int largest, class X>
static inline void ranked(const X* x, X* out) noexcept {
  constexpr int each = int(sizeof(X) / sizeof(float)), places = outer * kept * inner;
  for (int o = 0; o < outer; ++o, x += count * inner, out += kept * inner)
    for (int i = 0; i < inner; ++i)
      for (int lane = 0; lane < each; ++lane)
        for (int k = 0; k < count; ++k) {
          const float value = lane_at(x[k * inner + i], lane);
          if (k >= kept && !comes_before<largest>(value, lane_at(out[(kept - 1) * inner + i], lane))) continue;
          int rank = k < kept ? k : kept - 1;
          for (; rank > 0; --rank) {
            const float above = lane_at(out[(rank - 1) * inner + i], lane);
            if (!comes_before<largest>(value, above)) break;
            set_lane(out[rank * inner + i], lane, above);
            set_lane(out[places + rank * inner + i], lane, lane_at(out[places + (rank - 1) * inner + i], lane));
          }
          set_lane(out[rank * inner + i], lane, value);
          set_lane(out[places + rank * inner + i], lane, float(k));
        }
}
