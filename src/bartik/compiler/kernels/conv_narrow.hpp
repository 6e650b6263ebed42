// Convolutions, plain and transposed, of planes with few places and many outputs: lanes lie along the outputs, and each load of weights
// serves all places of several images. For each of `places` the sums of `taps` values with the weights are made, and added to `spread`
// positions of the result: of a plain convolution to one, of a transposed one, which has one tap in this sense, to as many as its window
// reaches. `to` has these positions [place][spread], -1 where one is cut off. Weights lie [group][block of columns][channel][tap][column],
// the columns being [spread][output], outputs padded with zeros to a multiple of 16; `positions` are those of the result.
struct NarrowSum {
  const float* weights;  // of the block of columns
  const float* x;
  float* rows;  // the sums of the block, [position][output]
  const int* offsets;
  const int* places;
  const int* to;
  int channels, plane, taps, spread, room, x_step, step;  // steps are between images
};

constexpr int narrow_room(int outputs) { return (outputs + 15) / 16 * 16; }
constexpr int narrow_columns(int room) { return room % 64 == 0 ? 64 : room % 32 == 0 ? 32 : 16; }

#if defined(BARTIK_SCALAR)
template <int places, int columns, int images>
BARTIK_INLINE void narrow_columns_of(const NarrowSum& s) noexcept {
  for (int k = 0; k < images * places * columns; ++k) {
    const int n = k / columns / places, p = k / columns % places, column = k % columns;
    if (s.to[p * s.spread] < 0) continue;
    const float* x = s.x + n * s.x_step + s.places[p];
    float sum = 0.0f;
    for (int c = 0; c < s.channels; ++c)
      for (int t = 0; t < s.taps; ++t) sum += s.weights[(c * s.taps + t) * columns + column] * x[c * s.plane + s.offsets[t]];
    s.rows[n * s.step + s.to[p * s.spread] * s.room + column] += sum;
  }
}
#else
BARTIK_INLINE void add_to(float* to, Lanes x) noexcept { store(to, load(to) + x); }

// `block` places from `first` on, those of all images counted, and `vectors` vectors of the columns from `column` on.
template <int places, int columns, int vectors, int... k>
static __attribute__((noinline)) void narrow_block(const NarrowSum& s, int first, int column, std::integer_sequence<int, k...>) noexcept {
  const float* at[] = {(s.x + (first + k / vectors) / places * s.x_step + s.places[(first + k / vectors) % places])...};
  const float* w = s.weights + column;
  Lanes sum[] = {(static_cast<void>(k), Lanes{})...};
  for (int c = 0; c < s.channels; ++c)
    for (int t = 0; t < s.taps; ++t, w += columns) {
      const int place = c * s.plane + s.offsets[t];
      Lanes weight[vectors];
      for (int v = 0; v < vectors; ++v) weight[v] = load(w + v * lanes);
      ((sum[k] = madd(weight[k % vectors], at[k][place], sum[k])), ...);
    }
  const int* to[] = {(s.to + (first + k / vectors) % places * s.spread)...};
  ((*to[k] < 0 ? void() : add_to(s.rows + (first + k / vectors) / places * s.step + *to[k] * s.room + column + k % vectors * lanes, sum[k])), ...);
}

template <int places, int columns, int images>
BARTIK_INLINE void narrow_columns_of(const NarrowSum& s) noexcept {
  constexpr int wide = lanes == 16 ? 4 : 2, registers = lanes == 16 ? 32 : 16, count = images * places;
  constexpr int vectors = columns / lanes < wide ? columns / lanes : wide, most = (registers - 1 - vectors) / vectors;
  constexpr int block = count < most ? count : most, rest = count % block;
  for (int column = 0; column < columns; column += vectors * lanes) {
    for (int p = 0; p + block <= count; p += block)
      narrow_block<places, columns, vectors>(s, p, column, std::make_integer_sequence<int, vectors * block>());
    if constexpr (rest > 0)
      narrow_block<places, columns, vectors>(s, count - rest, column, std::make_integer_sequence<int, vectors * rest>());
  }
}
#endif

// [position][output] turned into [output][position], with the activation.
template <class After, int outputs, int room, int positions>
BARTIK_INLINE void narrow_turn(float* sums, float alpha, float* out) noexcept {
#if defined(BARTIK_SCALAR)
  for (int k = 0; k < positions * room; ++k) sums[k] = after(After{}, sums[k], alpha);
#else
  for (int k = 0; k < positions * room; k += lanes) store(sums + k, after(After{}, load(sums + k), alpha));
#endif
  for (int o = 0; o < outputs; ++o)
    for (int p = 0; p < positions; ++p) out[o * positions + p] = sums[p * room + o];
}

// A group of `images`, the rows of `s` behind one another in `x_step` and `step`.
template <class After, int images, int places, int outputs, int positions>
BARTIK_INLINE void narrow_group(NarrowSum s, const float* bias, float alpha, float* out, int out_step) noexcept {
  constexpr int room = narrow_room(outputs), columns = narrow_columns(room);
  float* const rows = s.rows;
  for (int n = 0; n < images; ++n)
    for (int p = 0; p < positions; ++p) std::memcpy(rows + n * s.step + p * room, bias, room * sizeof(float));
  const int* const to = s.to;
  for (int k = 0; k < s.spread * room; k += columns, s.weights += s.channels * s.taps * columns) {
    s.to = to + k / room;
    s.rows = rows + k % room;
    narrow_columns_of<places, columns, images>(s);
  }
  for (int n = 0; n < images; ++n) narrow_turn<After, outputs, room, positions>(rows + n * s.step, alpha, out + n * out_step);
}

// Several images whose values, results and private memory lie `x_step`, `out_step` and `step` apart.
template <class After, int images, int channels, class D, class H, class W, int places, int groups, int outputs, int taps, int spread, int positions>
BARTIK_INLINE void narrow_images(const float* x, int x_step, const float* weights, const float* bias, const float* alpha, const int* offsets,
                                 const int* from, const int* to, float* out, int out_step, float* scratch, int step) noexcept {
  constexpr int plane = D::step * H::step * W::step * D::count * H::count * W::count;
  constexpr int room = narrow_room(outputs), inner = channels / groups;
  for (int n = 0; n < images; ++n) deal_planes<channels, D, H, W>(x + n * x_step, 0.0f, scratch + n * step);
  for (int g = 0; g < groups; ++g) {
    const NarrowSum s{weights + g * inner * taps * spread * room, scratch + g * inner * plane, scratch + channels * plane, offsets, from, to,
                      inner, plane, taps, spread, room, step, step};
    narrow_group<After, images, places, outputs, positions>(s, bias + g * room, alpha[0], out + g * outputs * positions, out_step);
  }
}

template <class After, int images, int channels, class D, class H, class W, int places, int groups, int outputs, int taps, int spread, int positions>
BARTIK_INLINE void conv_narrow(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets,
                               const int* from, const int* to, float* out, float* scratch) noexcept {
  constexpr int size = channels * D::size * H::size * W::size, width = groups * outputs * positions;
  for (int n = 0; n < images; ++n)
    narrow_images<After, 1, channels, D, H, W, places, groups, outputs, taps, spread, positions>(
        x + n * size, 0, weights, bias, alpha, offsets, from, to, out + n * width, 0, scratch, 0);
}

// The same for several rows at once.
template <class After, int images, int channels, class D, class H, class W, int places, int groups, int outputs, int taps, int spread, int positions, int rows>
BARTIK_INLINE void conv_narrow_together(std::integral_constant<int, rows>, const float* x, int x_step, const float* weights, const float* bias,
                                        const float* alpha, const int* offsets, const int* from, const int* to, float* out, int out_step,
                                        float* scratch, int step) noexcept {
  constexpr int size = channels * D::size * H::size * W::size, width = groups * outputs * positions;
  for (int n = 0; n < images; ++n)
    narrow_images<After, rows, channels, D, H, W, places, groups, outputs, taps, spread, positions>(
        x + n * size, x_step, weights, bias, alpha, offsets, from, to, out + n * width, out_step, scratch, step);
}
