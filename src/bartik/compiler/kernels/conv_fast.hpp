// Convolution along one axis, stride 1, with two thirds of the multiply-adds: neighbouring outputs y0, y1 share products (Winograd 1980,
// F(2, 3)). For values d0 ... d3 and taps g0, g1, g2:
//   y0 = m0 + m1 + m2, y1 = m1 - m2 - m3 with m0 = (d0 - d2) g0, m3 = (d1 - d3) g2,
//   m1 = (d1 + d2) (g0 + g1 + g2) / 2, m2 = (d2 - d1) (g0 - g1 + g2) / 2.
// A window is cut into threes of taps, the m are summed over threes and channels, and combined at the end. Lanes lie along pairs.
// An error is that of the direct sum times two or three, and relative to the largest value and tap of a three. Where anything is not
// finite these sums are of no use, and the image is computed directly.
#if defined(BARTIK_SCALAR)
template <class After, int images, int channels, class W, int positions, int outputs, int chunk, int taps, int threes>
BARTIK_INLINE void conv_fast(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets, const float*,
                             float* out, float* scratch) noexcept {
  conv<After, images, channels, Axis<1, 0, 1, 1>, Axis<1, 0, 1, 1>, W, 1, 1, positions, 1, outputs, chunk, taps, true, true>(
      x, weights, bias, alpha, offsets, out, scratch);
}
#else
template <int from, int... lane>
BARTIK_INLINE Lanes every_second(Lanes x, Lanes y, std::integer_sequence<int, lane...>) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(x, y, (2 * lane + from)...);
#else
  return __builtin_shuffle(x, y, Mask{(2 * lane + from)...});
#endif
}
template <int from, int... lane>
BARTIK_INLINE Lanes zip(Lanes x, Lanes y, std::integer_sequence<int, lane...>) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(x, y, (lane % 2 * lanes + lane / 2 + from)...);
#else
  return __builtin_shuffle(x, y, Mask{(lane % 2 * lanes + lane / 2 + from)...});
#endif
}

// Values x[0 ... 2 count + 1] to the six rows that products are made of, each of `room` values, count a multiple of 16:
// d0 - d2 at even and odd places, d1 + d2 likewise, d2 - d1 likewise. `even` and `odd` have room for count + 16.
BARTIK_INLINE void fast_rows(const float* x, int count, int room, float* even, float* odd, float* to) noexcept {
  constexpr auto each = std::make_integer_sequence<int, lanes>();
  for (int q = 0; q < count + lanes; q += lanes) {
    const Lanes low = load(x + 2 * q), high = load(x + 2 * q + lanes);
    store(even + q, every_second<0>(low, high, each));
    store(odd + q, every_second<1>(low, high, each));
  }
  for (int q = 0; q < count; q += lanes) {
    const Lanes d0 = load(even + q), d1 = load(odd + q), d2 = load(even + q + 1), d3 = load(odd + q + 1);
    store(to + q, d0 - d2);
    store(to + room + q, d1 - d3);
    store(to + 2 * room + q, d1 + d2);
    store(to + 3 * room + q, d2 + d3);
    store(to + 4 * room + q, d2 - d1);
    store(to + 5 * room + q, d3 - d2);
  }
}

// Sums of one of the four products over channels and threes, from `sum` on.
template <int outputs, int vectors, int stride, int... k>
BARTIK_INLINE void fast_sum(Lanes* sum, const ConvSum& s, const float* x, const float* w, const int* offsets, std::integer_sequence<int, k...>) noexcept {
  Lanes part[] = {sum[k]...};
  for (int c = 0; c < s.channels; ++c, x += s.plane)
    for (int t = 0; t < s.taps; ++t, w += stride) {
      const float* at = x + offsets[t];
      Lanes in[vectors];
      for (int v = 0; v < vectors; ++v) in[v] = load(at + v * lanes);
      ((part[k] = madd(w[k / vectors], in[k % vectors], part[k])), ...);
    }
  ((sum[k] = part[k]), ...);
}

// All four sums of a block, and the outputs. What is returned is zero where all is finite.
template <class After, int outputs, int vectors, int stride, int... k>
static __attribute__((noinline)) Lanes fast_block(const ConvSum& s, int first, const float* x, float* out,
                                                  std::integer_sequence<int, k...> sums) noexcept {
  const int size = s.channels * s.taps * stride;
  const float* const w = s.weights + first;
  Lanes even[outputs * vectors] = {}, odd[outputs * vectors] = {};
  fast_sum<outputs, vectors, stride>(even, s, x, w + size, s.offsets + s.taps, sums);
  fast_sum<outputs, vectors, stride>(odd, s, x, w + 2 * size, s.offsets + 2 * s.taps, sums);
  for (int i = 0; i < outputs * vectors; ++i) {
    const Lanes m1 = even[i] + all(s.bias[first + i / vectors]), m2 = odd[i];
    even[i] = m1 + m2;
    odd[i] = m1 - m2;
  }
  fast_sum<outputs, vectors, stride>(even, s, x, w, s.offsets, sums);
  fast_sum<outputs, vectors, stride>(odd, s, x, w + 3 * size, s.offsets + 3 * s.taps, sums);
  constexpr auto each = std::make_integer_sequence<int, lanes>();
  Lanes wrong{};
  for (int i = 0; i < outputs * vectors; ++i) {
    wrong += even[i] * 0.0f + odd[i] * 0.0f;
    const Lanes y0 = after(After{}, even[i], s.alpha), y1 = after(After{}, odd[i], s.alpha);
    float* const to = out + (first + i / vectors) * s.out_plane + i % vectors * 2 * lanes;
    store(to, zip<0>(y0, y1, each));
    store(to + lanes, zip<lanes / 2>(y0, y1, each));
  }
  return wrong;
}

// One chunk of outputs at `columns` times `vectors` vectors of pairs.
template <class After, int outputs, int block, int vectors, int columns>
BARTIK_INLINE Lanes fast_chunk(const ConvSum& s, const float* x, float* out) noexcept {
  constexpr int rest = outputs % block;
  Lanes wrong{};
  for (int column = 0; column < columns; ++column, x += vectors * lanes, out += 2 * vectors * lanes) {
    for (int first = 0; first + block <= outputs; first += block)
      wrong += fast_block<After, block, vectors, outputs>(s, first, x, out, std::make_integer_sequence<int, block * vectors>());
    if constexpr (rest > 0)
      wrong += fast_block<After, rest, vectors, outputs>(s, outputs - rest, x, out, std::make_integer_sequence<int, rest * vectors>());
  }
  return wrong;
}

// With 16 lanes one vector and all outputs of a chunk at once were the fastest of the forms that fit the registers.
constexpr ConvBlock fast_best_block(int outputs, int vectors) {
  if (lanes == 16 && outputs >= 8) return {outputs, 1};
  return conv_best_block(outputs, vectors);
}

// How the positions of a row are cut: tiles of `columns` columns of `vectors` vectors of pairs, such that the rows of a tile lie near.
template <int positions, int outputs, int threes>
struct FastTiles {
  static constexpr int pairs = (positions + 1) / 2;
  static constexpr int count = (pairs + 415) / 416;
  static constexpr ConvBlock block = fast_best_block(outputs, pairs / lanes);
  static constexpr int unit = block.vectors * lanes;
  static constexpr int columns = ((pairs + unit - 1) / unit + count - 1) / count;
  static constexpr int size = columns * unit;                            // pairs of a tile
  static constexpr int reach = (3 * threes / 2 + 1 + 15) / 16 * 16;      // pairs behind it that its windows see
  static constexpr int room = size + reach;
};

// The rows of a tile that begins at pair `start`: from the values where they lie, from a padded copy at the ends.
template <class T, class W, int channels>
BARTIK_INLINE void fast_tile(const float* x, int start, float* rows, float* spare) noexcept {
  constexpr int seen = 2 * (T::room + lanes);
  const int from = 2 * start - W::before, first = from < 0 ? -from : 0;
  const int end = W::size - from < seen ? (W::size - from < first ? first : W::size - from) : seen;
  float* const even = spare + seen;
  float* const odd = even + T::room + lanes;
  for (int c = 0; c < channels; ++c, x += W::size, rows += 6 * T::room) {
    const float* source = x + from;
    if (first > 0 || end < seen) {
      for (int i = 0; i < seen; ++i) spare[i] = 0.0f;
      if (end > first) std::memcpy(spare + first, x + (from + first), static_cast<std::size_t>(end - first) * sizeof(float));
      source = spare;
    }
    fast_rows(source, T::room, T::room, even, odd, rows);
  }
}

// One image; false where something is not finite.
template <class After, class T, class W, int channels, int positions, int outputs, int chunk, int threes>
BARTIK_INLINE bool fast_image(ConvSum s, const float* x, float* out, float* scratch) noexcept {
  int offsets[4 * threes];
  for (int t = 0; t < threes; ++t) {
    const int place = 3 * t / 2, late = 3 * t % 2;
    offsets[t] = late * T::room + place;
    offsets[threes + t] = (2 + late) * T::room + place;
    offsets[2 * threes + t] = (4 + late) * T::room + place;
    offsets[3 * threes + t] = (1 - late) * T::room + place + late;
  }
  s.offsets = offsets;
  float* const rows = scratch;
  float* const last = rows + channels * 6 * T::room;  // outputs of a tile that ends behind the last position
  float* const spare = last + outputs * 2 * T::size;
  Lanes wrong{};
  for (int start = 0; start < T::pairs; start += T::size) {
    const int left = positions - 2 * start;
    const bool whole = left >= 2 * T::size;
    s.out_plane = whole ? positions : 2 * T::size;
    float* to = whole ? out + 2 * start : last;
    fast_tile<T, W, channels>(x, start, rows, spare);
    ConvSum part = s;
    for (int k = 0; k < outputs / chunk; ++k, to += chunk * s.out_plane, part.bias += chunk, part.weights += 4 * channels * threes * chunk)
      wrong += fast_chunk<After, chunk, T::block.outputs, T::block.vectors, T::columns>(part, rows, to);
    if constexpr (outputs % chunk > 0) wrong += fast_chunk<After, outputs % chunk, T::block.outputs, T::block.vectors, T::columns>(part, rows, to);
    for (int o = 0; o < outputs && !whole; ++o)
      std::memcpy(out + o * positions + 2 * start, last + o * 2 * T::size, static_cast<std::size_t>(left) * sizeof(float));
  }
  bool finite = true;
  for (int lane = 0; lane < lanes; ++lane) finite = finite && wrong[lane] == 0.0f;
  return finite;
}

// `fast` has the taps of the four products, [chunk of outputs][product][channel][three][output].
template <class After, int images, int channels, class W, int positions, int outputs, int chunk, int taps, int threes>
BARTIK_INLINE void conv_fast(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets, const float* fast,
                             float* out, float* scratch) noexcept {
  using T = FastTiles<positions, chunk, threes>;
  for (int n = 0; n < images; ++n, x += channels * W::size, out += outputs * positions) {
    const ConvSum sum{fast, bias, nullptr, channels, 6 * T::room, threes, 0, alpha[0]};
    if (!fast_image<After, T, W, channels, positions, outputs, chunk, threes>(sum, x, out, scratch))
      conv<After, 1, channels, Axis<1, 0, 1, 1>, Axis<1, 0, 1, 1>, W, 1, 1, positions, 1, outputs, chunk, taps, true, true>(
          x, weights, bias, alpha, offsets, out, scratch);
  }
}
#endif
