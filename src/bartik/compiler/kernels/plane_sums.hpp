// Whole planes, one after the other, to one number each, and planes normalised by their own mean and spread.
#if defined(BARTIK_SCALAR)
template <class Pool, int size>
BARTIK_INLINE float plane_sum(const float* x) noexcept {
  float sum = pool_first(Pool{}, x[0]);
  for (int k = 1; k < size; ++k) sum = pool_next(Pool{}, sum, x[k]);
  return sum;
}
#else
// Four chains, then lane by lane, then what is left.
template <class Pool, int size>
BARTIK_INLINE float plane_sum(const float* x) noexcept {
  constexpr int step = 4 * lanes, whole = size / step * step;
  float total[lanes];
  int k = 0, count = 0;
  if constexpr (whole > 0) {
    Lanes sum[4];
    for (int c = 0; c < 4; ++c) sum[c] = pool_first(Pool{}, load(x + c * lanes));
    for (k = step; k < whole; k += step)
      for (int c = 0; c < 4; ++c) sum[c] = pool_next(Pool{}, sum[c], load(x + k + c * lanes));
    constexpr bool largest = std::is_same<Pool, PoolMax>::value;
    const Lanes low = largest ? pool_next(PoolMax{}, sum[0], sum[1]) : sum[0] + sum[1];
    const Lanes high = largest ? pool_next(PoolMax{}, sum[2], sum[3]) : sum[2] + sum[3];
    store(total, largest ? pool_next(PoolMax{}, low, high) : low + high);
    count = lanes;
  }
  for (; k < size; ++k) {
    const float value = std::is_same<Pool, PoolSquares>::value ? x[k] * x[k] : x[k];
    if (count < lanes)
      total[count++] = value;
    else
      total[k % lanes] = std::is_same<Pool, PoolMax>::value ? (total[k % lanes] > value || total[k % lanes] != total[k % lanes] ? total[k % lanes] : value) : total[k % lanes] + value;
  }
  float sum = total[0];
  for (int c = 1; c < count; ++c)
    sum = std::is_same<Pool, PoolMax>::value ? (sum > total[c] || sum != sum ? sum : total[c]) : sum + total[c];
  return sum;
}
#endif

template <class Pool, int planes, int size>
BARTIK_INLINE void global_pool(const float* x, float* out) noexcept {
  for (int c = 0; c < planes; ++c) {
    const float sum = plane_sum<Pool, size>(x + c * size);
    out[c] = std::is_same<Pool, PoolMean>::value ? sum / size : sum;
  }
}

// (x - mean) / sqrt(variance + epsilon) * scale + shift; the variance is of differences from the mean, so that nothing cancels.
template <int images, int channels, int size>
BARTIK_INLINE void instance_norm(const float* x, const float* scale, const float* shift, const float* epsilon, float* out) noexcept {
  for (int n = 0; n < images; ++n)
    for (int c = 0; c < channels; ++c, x += size, out += size) {
      const float mean = plane_sum<PoolSum, size>(x) / size;
      for (int k = 0; k < size; ++k) out[k] = x[k] - mean;
      const float factor = scale[c] / std::sqrt(plane_sum<PoolSquares, size>(out) / size + epsilon[0]), term = shift[c];
      for (int k = 0; k < size; ++k) out[k] = out[k] * factor + term;
    }
}
