// Rows in memory to columns in lanes and back, through a square of lanes x lanes transposed in registers.
template <int step, int... lane>
BARTIK_INLINE void exchange(Lanes& x, Lanes& y, std::integer_sequence<int, lane...>) noexcept {
  const Lanes first = x, second = y;
#if defined(__clang__)
  x = __builtin_shufflevector(first, second, ((lane & step) != 0 ? lanes + lane - step : lane)...);
  y = __builtin_shufflevector(first, second, ((lane & step) != 0 ? lanes + lane : lane + step)...);
#else
  x = __builtin_shuffle(first, second, Mask{((lane & step) != 0 ? lanes + lane - step : lane)...});
  y = __builtin_shuffle(first, second, Mask{((lane & step) != 0 ? lanes + lane : lane + step)...});
#endif
}

template <int step, int... row>
BARTIK_INLINE void exchange_rows(Lanes* square, std::integer_sequence<int, row...>) noexcept {
  (((row & step) == 0 ? exchange<step>(square[row], square[row | step], std::make_integer_sequence<int, lanes>()) : void()), ...);
}

template <int step = lanes / 2>
BARTIK_INLINE void transpose(Lanes* square) noexcept {
  exchange_rows<step>(square, std::make_integer_sequence<int, lanes>());
  if constexpr (step > 1) transpose<step / 2>(square);
}

// Columns [column, column + lanes) of `lanes` rows; reads up to the full square, which may reach past the last row.
template <int width, int column, int... row>
BARTIK_INLINE void load_square(const float* from, Lanes* to, int stride, std::integer_sequence<int, row...>) noexcept {
  Lanes square[lanes] = {load(from + row * width + column)...};
  transpose(square);
  ((column + row < width ? void(to[(column + row) * stride] = square[row]) : void()), ...);
}

template <int width, int column = 0>
BARTIK_INLINE void load_lanes(const float* from, Lanes* to, int stride) noexcept {
  if constexpr (width == 1) {
    to[0] = load(from);
  } else if constexpr (column < width) {
    load_square<width, column>(from, to, stride, std::make_integer_sequence<int, lanes>());
    load_lanes<width, column + lanes>(from, to, stride);
  }
}

template <int width, class V>
BARTIK_INLINE void load_rows(const float* from, V* to) noexcept {
  if constexpr (std::is_same_v<V, Pair>) {
    load_lanes<width>(from, &to->a, 2);
    load_lanes<width>(from + lanes * width, &to->b, 2);
  } else {
    load_lanes<width>(from, to, 1);
  }
}

template <int width>
BARTIK_INLINE void store_lanes(float* to, const Lanes* from, int stride) noexcept {
  if constexpr (width == 1) {
    store(to, from[0]);
  } else {
    for (int column = 0; column < width; ++column)
      for (int row = 0; row < lanes; ++row) to[row * width + column] = from[column * stride][row];
  }
}

template <int width, class V>
BARTIK_INLINE void store_rows(float* to, const V* from) noexcept {
  if constexpr (std::is_same_v<V, Pair>) {
    store_lanes<width>(to, &from->a, 2);
    store_lanes<width>(to + lanes * width, &from->b, 2);
  } else {
    store_lanes<width>(to, from, 1);
  }
}
