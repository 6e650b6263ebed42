// Products of 8 bit numbers: unsigned inputs, signed weights, exact 32 bit sums; four inputs at a time with AVX-512 VNNI, else two.
// `fours` and `twos` hold the weights of four inputs as bytes and of two as halves of a word, [steps][outputs, then zeros].
#if !defined(BARTIK_SCALAR)
typedef std::int32_t Sums __attribute__((vector_size(4 * lanes)));

// x / step + zero, rounded to the nearest whole number, ties to even, held in 0 to 255; NaN gives 0.
BARTIK_INLINE Sums to_steps(Lanes x, float inverse, int zero) noexcept {
  const Lanes held = min_or_second(max_or_second(x * inverse, all(float(-zero))), all(float(255 - zero)));
#if defined(__AVX512F__)
  return Sums(_mm512_maskz_cvtps_epi32(__mmask16(-1), __m512(held))) + zero;
#elif defined(__AVX__)
  return Sums(_mm256_cvtps_epi32(__m256(held))) + zero;
#else
  const Lanes shift = all(12582912.0f);  // 1.5 * 2^23: what is added to it is rounded to a whole number
  return Sums(held + shift) - Sums(shift) + zero;
#endif
}

#if defined(__AVX512VNNI__)
constexpr int together = 4;
BARTIK_INLINE Sums add_products(Sums sum, Sums x, Sums weight) noexcept {
  return Sums(_mm512_dpbusd_epi32(__m512i(sum), __m512i(x), __m512i(weight)));
}
#else
constexpr int together = 2;
BARTIK_INLINE Sums add_products(Sums sum, Sums x, Sums weight) noexcept {
#if defined(__AVX512BW__)
  return sum + Sums(_mm512_madd_epi16(__m512i(x), __m512i(weight)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return sum + Sums(_mm256_madd_epi16(__m256i(x), __m256i(weight)));
#else
  return sum + (x & 0xffff) * (weight << 16 >> 16) + (x >> 16) * (weight >> 16);
#endif
}
#endif

constexpr int places = 32 / together;  // bits of one input within a word

template <bool with_relu>
BARTIK_INLINE Lanes from_sums(Sums sum, Lanes scale, Lanes bias) noexcept {
  const Lanes value = __builtin_convertvector(sum, Lanes) * scale + bias;
  return with_relu ? relu(value) : value;
}

// A block of rows: lanes are rows.
template <int inputs, int outputs, int zero, bool with_relu>
BARTIK_INLINE void dense_int8(const Lanes* x, const std::int32_t* fours, const std::int32_t* twos, const float* scale, const float* bias,
                              const float* inverse, Lanes* out) noexcept {
  constexpr int steps = (inputs + together - 1) / together, stride = (outputs + 15) / 16 * 16, tile = 8;
  const std::int32_t* const weight = together == 4 ? fours : twos;
  Sums bytes[steps];
  for (int k = 0; k < steps; ++k) {
    bytes[k] = to_steps(x[k * together], *inverse, zero);
    for (int i = 1; i < together && k * together + i < inputs; ++i)
      bytes[k] |= to_steps(x[k * together + i], *inverse, zero) << (i * places);
  }
  int first = 0;
  for (; first + tile <= outputs; first += tile) {
    Sums sum[tile] = {};
    for (int k = 0; k < steps; ++k)
#pragma GCC unroll 8
      for (int j = 0; j < tile; ++j) sum[j] = add_products(sum[j], bytes[k], weight[k * stride + first + j] - Sums{});
#pragma GCC unroll 8
    for (int j = 0; j < tile; ++j) out[first + j] = from_sums<with_relu>(sum[j], all(scale[first + j]), all(bias[first + j]));
  }
  for (; first < outputs; ++first) {
    Sums sum = {};
    for (int k = 0; k < steps; ++k) sum = add_products(sum, bytes[k], weight[k * stride + first] - Sums{});
    out[first] = from_sums<with_relu>(sum, all(scale[first]), all(bias[first]));
  }
}

// One row: lanes are outputs; `out` has room for whole lanes.
template <int inputs, int outputs, int zero, bool with_relu>
BARTIK_INLINE void dense_int8(const float* x, const std::int32_t* fours, const std::int32_t* twos, const float* scale, const float* bias,
                              const float* inverse, float* out) noexcept {
  constexpr int steps = (inputs + together - 1) / together, stride = (outputs + 15) / 16 * 16, whole = (inputs + lanes - 1) / lanes * lanes;
  const std::int32_t* const weight = together == 4 ? fours : twos;
  alignas(64) float values[whole] = {};
  alignas(64) std::int32_t words[whole];
  std::memcpy(values, x, inputs * sizeof(float));
  for (int i = 0; i < whole; i += lanes) {
    const Sums step = to_steps(load(values + i), *inverse, zero);
    std::memcpy(words + i, &step, sizeof step);
  }
  std::int32_t bytes[steps];
  for (int k = 0; k < steps; ++k) {
    bytes[k] = words[k * together];
    for (int i = 1; i < together && k * together + i < inputs; ++i) bytes[k] |= words[k * together + i] << (i * places);
  }
  for (int first = 0; first < outputs; first += lanes) {
    Sums sum = {};
    for (int k = 0; k < steps; ++k) {
      Sums weights;
      std::memcpy(&weights, weight + k * stride + first, sizeof weights);
      sum = add_products(sum, bytes[k] - Sums{}, weights);
    }
    store(out + first, from_sums<with_relu>(sum, load(scale + first), load(bias + first)));
  }
}
#else
template <int inputs, int outputs, int zero, bool with_relu>
BARTIK_INLINE void dense_int8(const float* x, const std::int32_t* fours, const std::int32_t*, const float* scale, const float* bias,
                              const float* inverse, float* out) noexcept {
  constexpr int stride = (outputs + 15) / 16 * 16;
  int steps[inputs];
  for (int i = 0; i < inputs; ++i) {
    const float held = x[i] * *inverse;
    steps[i] = !(held > float(-zero)) ? 0 : held >= float(255 - zero) ? 255 : int(rintf(held)) + zero;
  }
  for (int j = 0; j < outputs; ++j) {
    int sum = 0;
    for (int i = 0; i < inputs; ++i) sum += steps[i] * int(std::int8_t(fours[i / 4 * stride + j] >> (i % 4 * 8)));
    const float value = float(sum) * scale[j] + bias[j];
    out[j] = with_relu && !(value > 0.0f) ? 0.0f : value;
  }
}
#endif
