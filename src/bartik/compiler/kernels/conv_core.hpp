// Convolution as sums of shifted rows: out[o][p] = bias[o] + sum over c, t of w[c][t][o] x[c * plane + offsets[t] + p].
// Any number of axes, strides and dilations is this form: the planes are padded and, for strides, dealt out to phases first
// (`planes.hpp`). Lanes lie along p; a block is `outputs` sums for each of `vectors` vectors, all in registers.
// What all parts of a convolution share.
struct ConvSum {
  const float* weights;  // [channels][taps][outputs]
  const float* bias;     // [outputs]
  const int* offsets;    // [taps]
  int channels, plane, taps;
  int out_plane;  // between the outputs, in values
  float alpha;    // of the activation
};

#if defined(BARTIK_SCALAR)
template <class After, int outputs, int positions>
BARTIK_INLINE void conv_row(const ConvSum& s, const float* x, float* out) noexcept {
  for (int o = 0; o < outputs; ++o)
    for (int p = 0; p < positions; ++p) {
      float sum = s.bias[o];
      for (int c = 0; c < s.channels; ++c)
        for (int t = 0; t < s.taps; ++t) sum += s.weights[(c * s.taps + t) * outputs + o] * x[c * s.plane + s.offsets[t] + p];
      out[o * s.out_plane + p] = after(After{}, sum, s.alpha);
    }
}
#else
constexpr int conv_registers = lanes == 16 ? 32 : 16;

// Cost of one tap at all positions with blocks of this form: multiply-adds, or loads where those are more (half of the
// loads of shifted rows touch two lines). Large where the sums do not fit the registers.
constexpr long conv_cost(int outputs, int vectors, int all_outputs, int all_vectors) {
  if (outputs * vectors + vectors + 1 > conv_registers) return 1L << 60;
  long cost = 0;
  for (int o = 0; o < all_outputs; o += outputs)
    for (int v = 0; v < all_vectors; v += vectors) {
      const int high = all_outputs - o < outputs ? all_outputs - o : outputs;
      const int wide = all_vectors - v < vectors ? all_vectors - v : vectors;
      const int sums = high * wide, loads = 2 * wide + high + 1;
      cost += (sums > loads ? 4 * sums + loads : 4 * loads + sums) + 4;
    }
  return cost;
}
struct ConvBlock {
  int outputs, vectors;
};
constexpr ConvBlock conv_best_block(int outputs, int vectors) {
  if (vectors > 60) vectors = 60;
  ConvBlock best{1, 1};
  for (int high = 1; high <= outputs && high < conv_registers; ++high)
    for (int wide = 1; wide <= vectors && wide <= 8; ++wide)
      if (conv_cost(high, wide, outputs, vectors) < conv_cost(best.outputs, best.vectors, outputs, vectors)) best = {high, wide};
  return best;
}

// The last vector begins `last` positions after the first. Not inlined: around it, compilers would keep in registers what only the
// activation needs, and the sums in memory.
template <class After, int outputs, int vectors, int stride, int... k>
static __attribute__((noinline)) void conv_block(const ConvSum& s, int first, int last, const float* x, float* out, std::integer_sequence<int, k...>) noexcept {
  const float* w = s.weights + first;
  Lanes sum[] = {all(s.bias[first + k / vectors])...};
  for (int c = 0; c < s.channels; ++c, x += s.plane)
    for (int t = 0; t < s.taps; ++t, w += stride) {
      const float* at = x + s.offsets[t];
      Lanes in[vectors];
      for (int v = 0; v < vectors - 1; ++v) in[v] = load(at + v * lanes);
      in[vectors - 1] = load(at + last);
      ((sum[k] = madd(w[k / vectors], in[k % vectors], sum[k])), ...);
    }
  (store(out + (first + k / vectors) * s.out_plane + (k % vectors < vectors - 1 ? k % vectors * lanes : last), after(After{}, sum[k], s.alpha)), ...);
}

// All outputs at `vectors` vectors of positions.
template <class After, int outputs, int block, int vectors>
static inline void conv_column(const ConvSum& s, int last, const float* x, float* out) noexcept {
  constexpr int rest = outputs % block;
  for (int first = 0; first + block <= outputs; first += block)
    conv_block<After, block, vectors, outputs>(s, first, last, x, out, std::make_integer_sequence<int, block * vectors>());
  if constexpr (rest > 0)
    conv_block<After, rest, vectors, outputs>(s, outputs - rest, last, x, out, std::make_integer_sequence<int, rest * vectors>());
}

// All positions. The last vector of the last block begins earlier where it would end behind them, and computes some again; if there
// are fewer positions than lanes, both rows must have room for a vector.
template <class After, int outputs, int positions>
BARTIK_INLINE void conv_row(const ConvSum& s, const float* x, float* out) noexcept {
  constexpr ConvBlock best = conv_best_block(outputs, (positions + lanes - 1) / lanes);
  constexpr int width = best.vectors * lanes, left = positions % width, from = positions - left;
  for (int p = 0; p < from; p += width) conv_column<After, outputs, best.outputs, best.vectors>(s, width - lanes, x + p, out + p);
  if constexpr (left > 0) {
    constexpr int last = positions < lanes ? 0 : left - lanes;
    conv_column<After, outputs, best.outputs, (left + lanes - 1) / lanes>(s, last, x + from, out + from);
  }
}
#endif
