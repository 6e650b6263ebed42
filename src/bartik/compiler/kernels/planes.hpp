// The padded planes that sliding windows read. Each axis is given as {size, before, step, count}: `size` values lie in memory,
// `before` places stand before them, and the padded axis is dealt out to `step` phases of `count` places (place i of phase r is
// value i * step + r - before). Places outside are `fill`.
template <int sizes, int befores, int steps, int counts>
struct Axis {
  static constexpr int size = sizes, before = befores, step = steps, count = counts;
  static constexpr int value(int phase, int place) { return place * step + phase - before; }
  // The places of a phase that are inside are first ... last - 1.
  static constexpr int first(int phase) { return before <= phase ? 0 : (before - phase + step - 1) / step; }
  static constexpr int last(int phase) {
    const int end = size + before <= phase ? 0 : (size + before - phase + step - 1) / step;
    return end < count ? end : count;
  }
};

template <class W>
BARTIK_INLINE void deal_row(const float* from, int phase, float fill, float* to) noexcept {
  const int last = W::last(phase), first = W::first(phase) < last ? W::first(phase) : last;
  for (int i = 0; i < first; ++i) to[i] = fill;
  if constexpr (W::step == 1)
    std::memcpy(to + first, from + (first - W::before), static_cast<std::size_t>(last - first) * sizeof(float));
  else
    for (int i = first; i < last; ++i) to[i] = from[i * W::step + phase - W::before];
  for (int i = last; i < W::count; ++i) to[i] = fill;
}

// One plane [D][H][W] to its phases, [D phase][H phase][W phase][D place][H place][W place].
template <class D, class H, class W>
BARTIK_INLINE void deal_plane(const float* from, float fill, float* to) noexcept {
  for (int phase = 0; phase < D::step * H::step * W::step; ++phase) {
    const int d = phase / (H::step * W::step), h = phase / W::step % H::step, w = phase % W::step;
    for (int i = 0; i < D::count; ++i)
      for (int j = 0; j < H::count; ++j, to += W::count) {
        const int deep = D::value(d, i), high = H::value(h, j);
        if (deep >= 0 && deep < D::size && high >= 0 && high < H::size)
          deal_row<W>(from + (deep * H::size + high) * W::size, w, fill, to);
        else
          for (int k = 0; k < W::count; ++k) to[k] = fill;
      }
  }
}

template <int channels, class D, class H, class W>
BARTIK_INLINE void deal_planes(const float* from, float fill, float* to) noexcept {
  constexpr int plane = D::step * H::step * W::step * D::count * H::count * W::count;
  for (int c = 0; c < channels; ++c) deal_plane<D, H, W>(from + c * D::size * H::size * W::size, fill, to + c * plane);
}

// A plane of rows `wide` apart without what lies between them.
template <int depth, int height, int width, int high, int wide>
BARTIK_INLINE void close_rows(const float* from, float* to) noexcept {
  for (int d = 0; d < depth; ++d)
    for (int h = 0; h < height; ++h)
      std::memcpy(to + (d * height + h) * width, from + (d * high + h) * wide, width * sizeof(float));
}
