// Interpolation along one axis of [outer][size][inner]: each output is a sum of `taps` values at `places` with `weights`, both
// [outputs][taps].
template <int outer, int size, int outputs, int inner, int taps>
BARTIK_INLINE void resize_axis(const float* x, const int* places, const float* weights, float* out) noexcept {
  for (int o = 0; o < outer; ++o, x += size * inner)
    for (int j = 0; j < outputs; ++j, out += inner) {
      const int* const place = places + j * taps;
      const float* const weight = weights + j * taps;
      for (int i = 0; i < inner; ++i) {
        float sum = taps == 1 ? x[place[0] * inner + i] : weight[0] * x[place[0] * inner + i];
        for (int t = 1; t < taps; ++t) sum += weight[t] * x[place[t] * inner + i];
        out[i] = sum;
      }
    }
}
