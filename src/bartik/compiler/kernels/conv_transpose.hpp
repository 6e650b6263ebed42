// Transposed convolution with strides. The outputs at places of the same remainder by the strides are a convolution of the input of
// its own, with the taps that reach them: each such phase is computed over `conv_core.hpp` and then dealt back. `taps` has for each
// phase how many taps it has; their offsets and weights follow one another, phase by phase.
// An output axis: place u = j + `before` of output j is place u / step of phase u % step.
template <int depth, int height, int width, class D, class H, class W>
BARTIK_INLINE void join_phases(const float* from, int room, int high, int wide, float* to) noexcept {
  for (int d = 0; d < depth; ++d)
    for (int h = 0; h < height; ++h) {
      const int deep = d + D::before, tall = h + H::before;
      const int phase = (deep % D::step * H::step + tall % H::step) * W::step;
      const float* row = from + (deep / D::step * high + tall / H::step) * wide;
      for (int r = 0; r < W::step; ++r) {
        const int first = (r + W::step - W::before % W::step) % W::step;  // the first output of this phase
        const float* source = row + (phase + r) * room;
        for (int w = first; w < width; w += W::step) to[(d * height + h) * width + w] = source[(w + W::before) / W::step];
      }
    }
}

// `D`, `H`, `W` describe the padded input (no phases), `OD`, `OH`, `OW` the outputs: {size, places before, stride, places of a phase}.
template <class After, int images, int channels, class D, class H, class W, class OD, class OH, class OW, int groups, int outputs, int chunk>
BARTIK_INLINE void conv_transpose(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets,
                                  const int* taps, float* out, float* scratch) noexcept {
  constexpr int plane = D::count * H::count * W::count, size = D::size * H::size * W::size, phases = OD::step * OH::step * OW::step;
  constexpr int positions = ((OD::count - 1) * H::count + OH::count - 1) * W::count + OW::count, room = (positions + 15) / 16 * 16;
  constexpr int out_size = OD::size * OH::size * OW::size;
  float* const rows = scratch + channels * plane + 16;
  for (int n = 0; n < images; ++n, x += channels * size) {
    deal_planes<channels, D, H, W>(x, 0.0f, scratch);
    for (int g = 0; g < groups; ++g) {
      const float* w = weights;
      const int* at = offsets;
      ConvSum sum{nullptr, bias + g * outputs, nullptr, channels / groups, plane, 0, phases * room, alpha[0]};
      for (int phase = 0; phase < phases; ++phase) {
        sum.weights = w + g * outputs * (channels / groups) * taps[phase];
        sum.offsets = at;
        sum.taps = taps[phase];
        conv_chunks<After, chunk, outputs, positions>(sum, scratch + g * (channels / groups) * plane, rows + phase * room);
        w += groups * outputs * (channels / groups) * taps[phase];
        at += taps[phase];
      }
      for (int o = 0; o < outputs; ++o, out += out_size)
        join_phases<OD::size, OH::size, OW::size, OD, OH, OW>(rows + o * phases * room, room, H::count, W::count, out);
    }
  }
}
