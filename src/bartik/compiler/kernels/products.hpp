// Products of matrices that are part of a row: x[batch][n][k] times y[batch][k][m], or times weights and a bias that all of it shares.
// See units.hpp for the two forms. `tile_rows` times `tile_vectors` sums stay in registers while products are added in the order of k.
template <class X>
constexpr int tile_rows = most_sums == 24 ? 4 : 2;
constexpr int tile_vectors = 6;

// A matrix of weights: its rows are padded to whole vectors.
template <class X, int padded>
struct Weights {
  const float *weight, *bias;
  template <int>
  BARTIK_INLINE auto at(const Weights& y, int k, int unit) noexcept { return weight_at<X>(y.weight + k * padded + unit); }
  BARTIK_INLINE Lanes start(const Weights& y, int unit) noexcept { return start_at<X>(y.bias + unit); }
};
// A matrix of the row itself.
template <class X, int m>
struct Factor {
  const X* values;
  template <int left>
  BARTIK_INLINE Lanes at(const Factor& y, int k, int unit) noexcept {
    if constexpr (left >= units_of<X>) return units_at(y.values + k * m, unit);
    else return some_at<left>(y.values + k * m + unit);
  }
  BARTIK_INLINE Lanes start(const Factor&, int) noexcept { return Lanes{}; }
};
BARTIK_INLINE Lanes madd(Lanes x, Lanes y, Lanes sum) noexcept { return x * y + sum; }

// out[row][unit...] for `rows` rows and `vectors` vectors, of which the last has `left` elements.
template <class X, class Y, int count, int m, int rows, int vectors, int left, int... sum>
BARTIK_INLINE void product_tile(const X* x, const Y& y, int unit, X* out, std::integer_sequence<int, sum...>) noexcept {
  constexpr int step = units_of<X>;
  Lanes sums[] = {Y::start(y, unit + sum % vectors * step)...};
  for (int k = 0; k < count; ++k)
    ((sums[sum] = madd(Y::template at<sum % vectors + 1 == vectors ? left : step>(y, k, unit + sum % vectors * step), x[sum / vectors * count + k], sums[sum])), ...);
  ((put_some<sum % vectors + 1 == vectors ? left : step>(out + sum / vectors * m + unit + sum % vectors * step, sums[sum])), ...);
}

template <class X, class Y, int count, int m, int rows>
BARTIK_INLINE void product_rows(const X* x, const Y& y, X* out) noexcept {
  constexpr int step = units_of<X>, vectors = (m + step - 1) / step, tile = vectors < tile_vectors ? vectors : tile_vectors;
  constexpr int whole = (m / step) / tile * tile, rest = vectors - whole, left = rest ? m - (vectors - 1) * step : step;
  for (int vector = 0; vector < whole; vector += tile)
    product_tile<X, Y, count, m, rows, tile, step>(x, y, vector * step, out, std::make_integer_sequence<int, rows * tile>());
  if constexpr (rest > 0)
    product_tile<X, Y, count, m, rows, rest, left>(x, y, whole * step, out, std::make_integer_sequence<int, rows * rest>());
}

template <class X, class Y, int n, int count, int m>
BARTIK_INLINE void product_of(const X* x, const Y& y, X* out) noexcept {
  constexpr int rows = n < tile_rows<X> ? n : tile_rows<X>, left = n % rows;
  for (int row = 0; row < n - left; row += rows) product_rows<X, Y, count, m, rows>(x + row * count, y, out + row * m);
  if constexpr (left > 0) product_rows<X, Y, count, m, left>(x + (n - left) * count, y, out + (n - left) * m);
}

template <int batch, int n, int count, int m, class X>
static inline void product(const X* x, const X* y, X* out) noexcept {
  for (int b = 0; b < batch; ++b, x += n * count, y += count * m, out += n * m)
    product_of<X, Factor<X, m>, n, count, m>(x, Factor<X, m>{y}, out);
}

// weight[count][padded], bias[padded]: the last axis padded to a multiple of 16.
template <int n, int count, int m, class X>
static inline void inner_dense(const X* x, const float* weight, const float* bias, X* out) noexcept {
  constexpr int padded = (m + 15) / 16 * 16;
  product_of<X, Weights<X, padded>, n, count, m>(x, Weights<X, padded>{weight, bias}, out);
}
