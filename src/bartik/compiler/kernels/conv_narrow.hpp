// Convolution of planes with few positions and many outputs: lanes lie along the outputs. `weights` lie [group][channel][tap][output], the
// outputs of a group padded with zeros to a multiple of 16; `places` are the positions in the planes.
#if !defined(BARTIK_SCALAR)
template <int vectors, int positions, int... k>
BARTIK_INLINE void narrow_block(const ConvSum& s, const float* x, const int* places, float* to, int stride, std::integer_sequence<int, k...>) noexcept {
  const float* w = s.weights;
  Lanes sum[] = {load(s.bias + k % vectors * lanes)...};
  for (int c = 0; c < s.channels; ++c, x += s.plane)
    for (int t = 0; t < s.taps; ++t, w += stride) {
      const float* at = x + s.offsets[t];
      Lanes weight[vectors];
      for (int v = 0; v < vectors; ++v) weight[v] = load(w + v * lanes);
      ((sum[k] = madd(weight[k % vectors], at[places[k / vectors]], sum[k])), ...);
    }
  (store(to + k / vectors * stride + k % vectors * lanes, sum[k]), ...);
}
#endif

// Sums [position][output] of one group.
template <int outputs, int positions>
BARTIK_INLINE void narrow_sums(const ConvSum& s, const float* x, const int* places, float* to) noexcept {
#if defined(BARTIK_SCALAR)
  for (int p = 0; p < positions; ++p)
    for (int o = 0; o < outputs; ++o) {
      float sum = s.bias[o];
      for (int c = 0; c < s.channels; ++c)
        for (int t = 0; t < s.taps; ++t) sum += s.weights[(c * s.taps + t) * outputs + o] * x[c * s.plane + s.offsets[t] + places[p]];
      to[p * outputs + o] = sum;
    }
#else
  constexpr int vectors = outputs % (2 * lanes) == 0 ? 2 : 1, most = lanes == 16 ? 8 : 5;
  constexpr int block = positions < most ? positions : most, rest = positions % block;
  for (int first = 0; first < outputs; first += vectors * lanes) {
    ConvSum sum = s;
    sum.weights += first;
    sum.bias += first;
    for (int p = 0; p + block <= positions; p += block)
      narrow_block<vectors, block>(sum, x, places + p, to + p * outputs + first, outputs, std::make_integer_sequence<int, vectors * block>());
    if constexpr (rest > 0)
      narrow_block<vectors, rest>(sum, x, places + positions - rest, to + (positions - rest) * outputs + first, outputs,
                                  std::make_integer_sequence<int, vectors * rest>());
  }
#endif
}

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

template <class After, int images, int channels, class D, class H, class W, int positions, int groups, int outputs, int taps>
BARTIK_INLINE void conv_narrow(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets,
                               const int* places, float* out, float* scratch) noexcept {
  constexpr int plane = D::step * H::step * W::step * D::count * H::count * W::count, size = D::size * H::size * W::size;
  constexpr int room = (outputs + 15) / 16 * 16, inner = channels / groups;
  float* const sums = scratch + channels * plane;
  for (int n = 0; n < images; ++n, x += channels * size) {
    deal_planes<channels, D, H, W>(x, 0.0f, scratch);
    for (int g = 0; g < groups; ++g, out += outputs * positions) {
      const ConvSum s{weights + g * inner * taps * room, bias + g * room, offsets, inner, plane, taps, 0, alpha[0]};
      narrow_sums<room, positions>(s, scratch + g * inner * plane, places, sums);
      narrow_turn<After, outputs, room, positions>(sums, alpha[0], out);
    }
  }
}
