// The first few of x[outer][count][inner] along the middle axis, in order, and where they were: out[2][outer][kept][inner]. Every value is
// counted against all: its rank is how many come before it, the same work for every row. Of equal ones the first comes first; NaN is largest.
BARTIK_INLINE float lane_at(const float& x, int) noexcept { return x; }
BARTIK_INLINE float lane_at(const Lanes& x, int lane) noexcept { return x[lane]; }
BARTIK_INLINE void set_lane(float& x, int, float value) noexcept { x = value; }
BARTIK_INLINE void set_lane(Lanes& x, int lane, float value) noexcept { x[lane] = value; }

template <int outer, int count, int inner, int kept, int largest, class X>
static inline void ranked(const X* x, X* out) noexcept {
  constexpr int each = int(sizeof(X) / sizeof(float)), places = outer * kept * inner;
  for (int o = 0; o < outer; ++o, x += count * inner, out += kept * inner)
    for (int i = 0; i < inner; ++i)
      for (int lane = 0; lane < each; ++lane)
        for (int k = 0; k < count; ++k) {
          const float value = lane_at(x[k * inner + i], lane);
          int rank = 0;
          for (int other = 0; other < count; ++other) {
            const float it = lane_at(x[other * inner + i], lane);
            const bool equal = it == value || (it != it && value != value);
            const bool before = largest ? (value == value && (it > value || it != it)) : (it == it && (it < value || value != value));
            rank += (before && !equal) || (equal && other < k);
          }
          if (rank < kept) {
            set_lane(out[rank * inner + i], lane, value);
            set_lane(out[places + rank * inner + i], lane, float(k));
          }
        }
}
