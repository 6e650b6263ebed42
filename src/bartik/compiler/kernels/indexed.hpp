// Elements by places that are values: places count from the end where they are negative, and are kept within the axis.
// An element's place is base[j] + sum over `depth` axes d of place(index[which[j][d]]) * stride[d]; axes are {size, stride}[depth].
BARTIK_INLINE int place_of(float index, int size) noexcept {
  const float last = float(size - 1), found = index < 0.0f ? index + float(size) : index;
  return found >= 0.0f ? int(found < last ? found : last) : 0;  // 0 where it is no number
}
BARTIK_INLINE float lane_of(const float& x, int) noexcept { return x; }
BARTIK_INLINE float lane_of(const Lanes& x, int lane) noexcept { return x[lane]; }
BARTIK_INLINE void put(float& x, int, float value) noexcept { x = value; }
BARTIK_INLINE void put(Lanes& x, int lane, float value) noexcept { x[lane] = value; }

template <int depth, class X>
BARTIK_INLINE int place_at(const X* index, const int* base, const int* which, const int* axes, int j, int lane) noexcept {
  int place = base[j];
  for (int d = 0; d < depth; ++d) place += place_of(lane_of(index[which[j * depth + d]], lane), axes[2 * d]) * axes[2 * d + 1];
  return place;
}

// out[width] = elements of x.
template <int width, int depth, class X>
static inline void fetch(const X* x, const X* index, const int* base, const int* which, const int* axes, X* out) noexcept {
  constexpr int count = int(sizeof(X) / sizeof(float));
  for (int j = 0; j < width; ++j)
    for (int lane = 0; lane < count; ++lane) put(out[j], lane, lane_of(x[place_at<depth>(index, base, which, axes, j, lane)], lane));
}

// The same of a table that all rows share.
template <int width, int depth, class X>
static inline void lookup(const X* index, const float* table, const int* base, const int* which, const int* axes, X* out) noexcept {
  constexpr int count = int(sizeof(X) / sizeof(float));
  for (int j = 0; j < width; ++j)
    for (int lane = 0; lane < count; ++lane) put(out[j], lane, table[place_at<depth>(index, base, which, axes, j, lane)]);
}

enum class Deposit { replace, add, multiply, largest, smallest };

// out[width] = x with `updates` values put in, one after the other.
template <Deposit how, int width, int updates, int depth, class X>
static inline void deposit(const X* x, const X* index, const X* values, const int* base, const int* which, const int* axes, X* out) noexcept {
  constexpr int count = int(sizeof(X) / sizeof(float));
  for (int j = 0; j < width; ++j) out[j] = x[j];
  for (int j = 0; j < updates; ++j)
    for (int lane = 0; lane < count; ++lane) {
      const int place = place_at<depth>(index, base, which, axes, j, lane);
      const float old = lane_of(out[place], lane), value = lane_of(values[j], lane);
      float made = value;
      if constexpr (how == Deposit::add) made = old + value;
      if constexpr (how == Deposit::multiply) made = old * value;
      if constexpr (how == Deposit::largest) made = old > value || old != old ? old : value;
      if constexpr (how == Deposit::smallest) made = old < value || old != old ? old : value;
      put(out[place], lane, made);
    }
}
