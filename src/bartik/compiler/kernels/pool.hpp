// Pooling of planes [D][H][W], one after the other: windows are taps at `offsets` from a position, the rows of a padded plane are swept
// as one with lanes along them, and the gaps closed afterwards. `counts` has for a mean the values in each window.
struct PoolMax {};
struct PoolSum {};
struct PoolSquares {};
struct PoolMean : PoolSum {};  // the sum divided by how many values there are
#if defined(BARTIK_SCALAR)
BARTIK_INLINE float pool_first(PoolMax, float x) noexcept { return x; }
BARTIK_INLINE float pool_first(PoolSum, float x) noexcept { return x; }
BARTIK_INLINE float pool_first(PoolSquares, float x) noexcept { return x * x; }
BARTIK_INLINE float pool_next(PoolMax, float sum, float x) noexcept { return sum > x || sum != sum ? sum : x; }
BARTIK_INLINE float pool_next(PoolSum, float sum, float x) noexcept { return sum + x; }
BARTIK_INLINE float pool_next(PoolSquares, float sum, float x) noexcept { return sum + x * x; }
#else
BARTIK_INLINE Lanes pool_first(PoolMax, Lanes x) noexcept { return x; }
BARTIK_INLINE Lanes pool_first(PoolSum, Lanes x) noexcept { return x; }
BARTIK_INLINE Lanes pool_first(PoolSquares, Lanes x) noexcept { return x * x; }
BARTIK_INLINE Lanes pool_next(PoolMax, Lanes sum, Lanes x) noexcept { return maximum(sum, x); }
BARTIK_INLINE Lanes pool_next(PoolSum, Lanes sum, Lanes x) noexcept { return sum + x; }
BARTIK_INLINE Lanes pool_next(PoolSquares, Lanes sum, Lanes x) noexcept { return sum + x * x; }
#endif

// Positions in whole vectors: both rows have room for 16 more values.
template <class Pool, int taps, int positions>
BARTIK_INLINE void pool_row(const float* x, const int* offsets, float* out) noexcept {
#if defined(BARTIK_SCALAR)
  for (int p = 0; p < positions; ++p) {
    float sum = pool_first(Pool{}, x[p + offsets[0]]);
    for (int t = 1; t < taps; ++t) sum = pool_next(Pool{}, sum, x[p + offsets[t]]);
    out[p] = sum;
  }
#else
  for (int p = 0; p < positions; p += lanes) {
    Lanes sum = pool_first(Pool{}, load(x + p + offsets[0]));
    for (int t = 1; t < taps; ++t) sum = pool_next(Pool{}, sum, load(x + p + offsets[t]));
    store(out + p, sum);
  }
#endif
}

template <class Pool, int planes, class D, class H, class W, int depth, int height, int width, int taps>
BARTIK_INLINE void pool(const float* x, const int* offsets, const float* fill, const float* counts, float* out, float* scratch) noexcept {
  constexpr int plane = D::step * H::step * W::step * D::count * H::count * W::count, size = depth * height * width;
  constexpr int positions = ((depth - 1) * H::count + height - 1) * W::count + width;
  float* const rows = scratch + plane + 16;
  for (int c = 0; c < planes; ++c, x += D::size * H::size * W::size, out += size) {
    deal_plane<D, H, W>(x, fill[0], scratch);
    pool_row<Pool, taps, positions>(scratch, offsets, rows);
    close_rows<depth, height, width, H::count, W::count>(rows, out);
    if constexpr (std::is_same<Pool, PoolMean>::value)
      for (int k = 0; k < size; ++k) out[k] /= counts[k];
  }
}
