// Rows in memory to columns in lanes and back. Four columns at a time: vector k takes four floats of row k, of row 4 + k, of
// row 8 + k ...; turning each 4 x 4 square of the four vectors leaves one column in each.
BARTIK_INLINE Lanes load_fours(const float* from, int width) noexcept {
#if defined(__AVX512F__)
  const auto all_lanes = __mmask16(-1);
  __m512 rows = _mm512_castps128_ps512(_mm_loadu_ps(from));
  rows = _mm512_maskz_insertf32x4(all_lanes, rows, _mm_loadu_ps(from + 4 * width), 1);
  rows = _mm512_maskz_insertf32x4(all_lanes, rows, _mm_loadu_ps(from + 8 * width), 2);
  rows = _mm512_maskz_insertf32x4(all_lanes, rows, _mm_loadu_ps(from + 12 * width), 3);
  return Lanes(rows);
#elif defined(__AVX__)
  return Lanes(_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * width), 1));
#else
  (void)width;
  return load(from);
#endif
}

// In each four lanes: x0 y0 x1 y1 (from = 0), x2 y2 x3 y3 (from = 2); then x0 x1 y0 y1, x2 x3 y2 y3.
template <int from, int... lane>
BARTIK_INLINE Lanes interleave(Lanes x, Lanes y, std::integer_sequence<int, lane...>) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(x, y, (lane % 2 * lanes + lane / 4 * 4 + lane % 4 / 2 + from)...);
#else
  return __builtin_shuffle(x, y, Mask{(lane % 2 * lanes + lane / 4 * 4 + lane % 4 / 2 + from)...});
#endif
}
template <int from, int... lane>
BARTIK_INLINE Lanes join(Lanes x, Lanes y, std::integer_sequence<int, lane...>) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(x, y, (lane % 4 / 2 * lanes + lane / 4 * 4 + lane % 2 + from)...);
#else
  return __builtin_shuffle(x, y, Mask{(lane % 4 / 2 * lanes + lane / 4 * 4 + lane % 2 + from)...});
#endif
}

// As many columns as four, from one on. Reads up to three floats beyond the last row.
template <int columns>
BARTIK_INLINE void load_columns(const float* from, int width, Lanes* to) noexcept {
  constexpr auto each = std::make_integer_sequence<int, lanes>();
  const Lanes row0 = load_fours(from, width), row1 = load_fours(from + width, width);
  const Lanes row2 = load_fours(from + 2 * width, width), row3 = load_fours(from + 3 * width, width);
  const Lanes even = interleave<0>(row0, row1, each), odd = interleave<0>(row2, row3, each);
  to[0] = join<0>(even, odd, each);
  if constexpr (columns > 1) to[1] = join<2>(even, odd, each);
  if constexpr (columns > 2) {
    const Lanes even2 = interleave<2>(row0, row1, each), odd2 = interleave<2>(row2, row3, each);
    to[2] = join<0>(even2, odd2, each);
    if constexpr (columns > 3) to[3] = join<2>(even2, odd2, each);
  }
}
template <int width>
BARTIK_INLINE void load_rows(const float* from, Lanes* to) noexcept {
  if constexpr (width == 1) {
    to[0] = load(from);
  } else {
    for (int column = 0; column + 4 <= width; column += 4) load_columns<4>(from + column, width, to + column);
    if constexpr (width % 4 != 0) load_columns<width % 4>(from + width / 4 * 4, width, to + width / 4 * 4);
  }
}

template <int width>
BARTIK_INLINE void store_rows(float* to, const Lanes* from) noexcept {
  if constexpr (width == 1) {
    store(to, from[0]);
  } else {
    for (int column = 0; column < width; ++column)
      for (int row = 0; row < lanes; ++row) to[row * width + column] = from[column][row];
  }
}
