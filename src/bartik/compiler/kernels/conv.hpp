// Convolutions of one row [images][channels][D][H][W] over `conv_core.hpp`. `D`, `H`, `W` are the axes as `planes.hpp` has them
// (axes that there are not have size 1); weights lie [group][chunk of outputs][channel][tap][output], a chunk being as many outputs as
// share one sweep of the positions.
template <class After, int chunk, int outputs, int positions>
BARTIK_INLINE void conv_chunks(ConvSum s, const float* x, float* out) noexcept {
  constexpr int whole = outputs / chunk, rest = outputs % chunk;
  for (int k = 0; k < whole; ++k) {
    conv_row<After, chunk, positions>(s, x, out);
    s.weights += s.channels * s.taps * chunk;
    s.bias += chunk;
    out += chunk * s.out_plane;
  }
  if constexpr (rest > 0) conv_row<After, rest, positions>(s, x, out);
}

// One image whose planes are dealt. `flat`: the rows of a plane are swept as one, the gaps between them too, and closed afterwards.
template <class After, class D, class H, class W, int depth, int height, int width, int groups, int outputs, int chunk, bool flat>
BARTIK_INLINE void conv_image(const ConvSum& s, const float* x, float* out, float* rows) noexcept {
  constexpr int size = depth * height * width;
  constexpr int positions = ((depth - 1) * H::count + height - 1) * W::count + width, room = (positions + 15) / 16 * 16;
  for (int g = 0; g < groups; ++g) {
    ConvSum sum = s;
    sum.weights += g * outputs * s.channels * s.taps;
    sum.bias += g * outputs;
    const float* from = x + g * s.channels * s.plane;
    float* to = out + g * outputs * size;
    if constexpr (flat) {
      sum.out_plane = room;
      conv_chunks<After, chunk, outputs, positions>(sum, from, rows);
      for (int o = 0; o < outputs; ++o) close_rows<depth, height, width, H::count, W::count>(rows + o * room, to + o * size);
    } else {
      for (int row = 0; row < depth * height; ++row)
        conv_chunks<After, chunk, outputs, width>(sum, from + (row / height * H::count + row % height) * W::count, to + row * width);
    }
  }
}

template <class After, int images, int channels, class D, class H, class W, int depth, int height, int width, int groups, int outputs,
          int chunk, int taps, bool dealt, bool flat>
BARTIK_INLINE void conv(const float* x, const float* weights, const float* bias, const float* alpha, const int* offsets, float* out,
                        float* scratch = nullptr) noexcept {
  constexpr int plane = D::step * H::step * W::step * D::count * H::count * W::count;
  constexpr int size = D::size * H::size * W::size;
  const ConvSum sum{weights, bias, offsets, channels / groups, plane, taps, depth * height * width, alpha[0]};
  for (int n = 0; n < images; ++n, x += channels * size, out += groups * outputs * depth * height * width) {
    const float* from = x;
    if constexpr (dealt) {
      deal_planes<channels, D, H, W>(x, 0.0f, scratch);
      from = scratch;
    }
    conv_image<After, D, H, W, depth, height, width, groups, outputs, chunk, flat>(sum, from, out, scratch + (dealt ? channels * plane + 16 : 0));
  }
}
