// Recurrent layers: GRU, LSTM and the plain RNN, one direction of one layer, all its steps in one call.
//
// In both forms (see units.hpp) the sums of `tile` vectors of hidden units, times all gates, stay in registers while the products of a step
// are added, inputs first, then hidden units. Of one row the sums over the inputs of step t + 1 wait for nothing that step t computes, and
// so run beside its activations.
enum class Cell { rnn, gru, gru_reset_after, lstm, lstm_peepholes, lstm_coupled, lstm_coupled_peepholes };
enum class Squash { affine, elu, hard_sigmoid, leaky_relu, relu, scaled_tanh, sigmoid, softplus, softsign, tanh, thresholded_relu };

// `first` and `second` are ONNX's alpha and beta.
template <Squash squash>
BARTIK_INLINE Lanes squashed(Lanes x, float first, float second) noexcept {
  (void)first, (void)second;
  if constexpr (squash == Squash::affine) return x * first + second;
  if constexpr (squash == Squash::elu) return elu(x, all(first));
  if constexpr (squash == Squash::hard_sigmoid) return at_most(all(1.0f), at_least(Lanes{}, x * first + second));
  if constexpr (squash == Squash::leaky_relu) return x < Lanes{} ? x * first : x;
  if constexpr (squash == Squash::relu) return relu(x);
  if constexpr (squash == Squash::scaled_tanh) return tanh(x * second) * first;
  if constexpr (squash == Squash::sigmoid) return sigmoid(x);
  if constexpr (squash == Squash::softplus) return softplus(x);
  if constexpr (squash == Squash::softsign) return x / (abs(x) + 1.0f);
  if constexpr (squash == Squash::tanh) return tanh(x);
  if constexpr (squash == Squash::thresholded_relu) return x <= first ? Lanes{} : x;
}

// A layer's numbers. Of each table the last axis is `padded`: the hidden units, and zeros up to a multiple of 16. Weights are [inputs or
// hidden units][gates][padded], in ONNX's order: of a GRU update, reset, new; of an LSTM input, output, forget, cell. Biases are
// [gates][padded], then of gru_reset_after the new gate's second bias, of an LSTM the peepholes of input, output and forget gate.
// `squash` has the bound of clip, then alpha and beta of f, g and h.
struct RecurrentTables {
  const float *weight, *recurrent, *bias, *squash;
};

template <Cell cell_, Squash f_, Squash g_, Squash h_, bool clipped_, int inputs_, int hidden_>
struct RecurrentLayer {
  static constexpr Cell cell = cell_;
  static constexpr int inputs = inputs_, hidden = hidden_, padded = (hidden_ + 15) / 16 * 16;
  static constexpr bool has_cell = cell_ >= Cell::lstm;
  static constexpr bool peepholes = cell_ == Cell::lstm_peepholes || cell_ == Cell::lstm_coupled_peepholes;
  static constexpr bool coupled = cell_ == Cell::lstm_coupled || cell_ == Cell::lstm_coupled_peepholes;
  static constexpr int gates = has_cell ? 4 : cell_ == Cell::rnn ? 1 : 3;
  static constexpr int row = gates * padded;  // of a table of weights
  BARTIK_INLINE Lanes clip(Lanes x, const float* squash) noexcept {
    if constexpr (clipped_) return at_most(all(squash[0]), at_least(all(-squash[0]), x));
    return x;
  }
  BARTIK_INLINE Lanes f(Lanes x, const float* squash) noexcept { return squashed<f_>(clip(x, squash), squash[1], squash[2]); }
  BARTIK_INLINE Lanes g(Lanes x, const float* squash) noexcept { return squashed<g_>(clip(x, squash), squash[3], squash[4]); }
  BARTIK_INLINE Lanes h(Lanes x, const float* squash) noexcept { return squashed<h_>(x, squash[5], squash[6]); }
};

// Of a block few sums at a time, because each product waits for one float from memory; of one row as many as there are registers for,
// because a sum waits for itself.
constexpr int most_sums_of_a_block = 8;

template <class X, class Layer>
struct Tiling {
  static constexpr int vectors = (Layer::hidden + units_of<X> - 1) / units_of<X>;
  static constexpr int most = units_of<X> == 1 ? most_sums_of_a_block : most_sums;
  static constexpr int wanted = most / Layer::gates;
  static constexpr int tile = vectors < wanted ? vectors : wanted;
  static constexpr int left = vectors % tile;
};

// sums[gate * tile + t] += sum over k of weight[k][gate][t] * x[k], for as many gates as there are sums.
template <class X, class Layer, int tile, int... sum>
BARTIK_INLINE void add_products(const float* weight, const X* x, int count, Lanes* sums, std::integer_sequence<int, sum...>) noexcept {
  for (int k = 0; k < count; ++k, weight += Layer::row) {
    const X value = x[k];
    ((sums[sum] = madd(weight_at<X>(weight + sum / tile * Layer::padded + sum % tile * units_of<X>), value, sums[sum])), ...);
  }
}
template <class X, class Layer, int tile, int gates>
BARTIK_INLINE void add_gates(const float* weight, const X* x, int count, Lanes* sums) noexcept {
  add_products<X, Layer, tile>(weight, x, count, sums, std::make_integer_sequence<int, gates * tile>());
}
template <class X, class Layer, int tile, int gates>
BARTIK_INLINE void start_sums(const float* bias, Lanes* sums) noexcept {
  for (int sum = 0; sum < gates * tile; ++sum) sums[sum] = start_at<X>(bias + sum / tile * Layer::padded + sum % tile * units_of<X>);
}

// What follows computes, of one step, `tile` vectors of units from `unit` on: x are the step's inputs, `before` and `after` the hidden
// units (and from `padded` on the cells), `spare` is memory for 2 * padded values.
template <class X, class Layer, int tile>
BARTIK_INLINE void rnn_units(const RecurrentTables& tables, const X* x, const X* before, X* after, int unit) noexcept {
  Lanes sums[tile];
  start_sums<X, Layer, tile, 1>(tables.bias + unit, sums);
  add_gates<X, Layer, tile, 1>(tables.weight + unit, x, Layer::inputs, sums);
  add_gates<X, Layer, tile, 1>(tables.recurrent + unit, before, Layer::hidden, sums);
  for (int t = 0; t < tile; ++t) put_units(after, unit + t * units_of<X>, Layer::f(sums[t], tables.squash));
}

// new = g(W x + b + r (R h + c)), as in cuDNN and torch: one pass.
template <class X, class Layer, int tile>
BARTIK_INLINE void gru_reset_after_units(const RecurrentTables& tables, const X* x, const X* before, X* after, int unit) noexcept {
  Lanes sums[3 * tile], fresh[tile];
  start_sums<X, Layer, tile, 3>(tables.bias + unit, sums);
  add_gates<X, Layer, tile, 3>(tables.weight + unit, x, Layer::inputs, sums);
  for (int t = 0; t < tile; ++t) fresh[t] = sums[2 * tile + t];
  start_sums<X, Layer, tile, 1>(tables.bias + 3 * Layer::padded + unit, sums + 2 * tile);
  add_gates<X, Layer, tile, 3>(tables.recurrent + unit, before, Layer::hidden, sums);
  for (int t = 0; t < tile; ++t) {
    const Lanes update = Layer::f(sums[t], tables.squash), reset = Layer::f(sums[tile + t], tables.squash);
    const Lanes found = Layer::g(reset * sums[2 * tile + t] + fresh[t], tables.squash);
    const Lanes kept = update * units_at(before, unit + t * units_of<X>);
    put_units(after, unit + t * units_of<X>, fused(1.0f - update, found, kept));
  }
}

// new = g(W x + b + R (r h)): all reset gates before any new gate.
template <class X, class Layer, int tile>
BARTIK_INLINE void gru_gates(const RecurrentTables& tables, const X* x, const X* before, X* spare, int unit) noexcept {
  Lanes sums[2 * tile];
  start_sums<X, Layer, tile, 2>(tables.bias + unit, sums);
  add_gates<X, Layer, tile, 2>(tables.weight + unit, x, Layer::inputs, sums);
  add_gates<X, Layer, tile, 2>(tables.recurrent + unit, before, Layer::hidden, sums);
  for (int t = 0; t < tile; ++t) {
    const int at = unit + t * units_of<X>;
    put_units(spare, at, Layer::f(sums[t], tables.squash));
    put_units(spare + Layer::padded, at, Layer::f(sums[tile + t], tables.squash) * units_at(before, at));
  }
}
template <class X, class Layer, int tile>
BARTIK_INLINE void gru_new_units(const RecurrentTables& tables, const X* x, const X* before, X* after, const X* spare, int unit) noexcept {
  constexpr int gate = 2 * Layer::padded;
  Lanes sums[tile];
  start_sums<X, Layer, tile, 1>(tables.bias + gate + unit, sums);
  add_gates<X, Layer, tile, 1>(tables.weight + gate + unit, x, Layer::inputs, sums);
  add_gates<X, Layer, tile, 1>(tables.recurrent + gate + unit, spare + Layer::padded, Layer::hidden, sums);
  for (int t = 0; t < tile; ++t) {
    const int at = unit + t * units_of<X>;
    const Lanes update = units_at(spare, at), kept = update * units_at(before, at);
    put_units(after, at, fused(1.0f - update, Layer::g(sums[t], tables.squash), kept));
  }
}

template <class X, class Layer, int tile>
BARTIK_INLINE void lstm_units(const RecurrentTables& tables, const X* x, const X* before, X* after, int unit) noexcept {
  constexpr int padded = Layer::padded;
  Lanes sums[4 * tile];
  start_sums<X, Layer, tile, 4>(tables.bias + unit, sums);
  add_gates<X, Layer, tile, 4>(tables.weight + unit, x, Layer::inputs, sums);
  add_gates<X, Layer, tile, 4>(tables.recurrent + unit, before, Layer::hidden, sums);
  for (int t = 0; t < tile; ++t) {
    const int at = unit + t * units_of<X>;
    const Lanes old = units_at(before + padded, at);
    Lanes input = sums[t], output = sums[tile + t], forget = sums[2 * tile + t];
    if constexpr (Layer::peepholes) {
      input = start_at<X>(tables.bias + 4 * padded + at) * old + input;
      forget = start_at<X>(tables.bias + 6 * padded + at) * old + forget;
    }
    input = Layer::f(input, tables.squash);
    forget = Layer::coupled ? 1.0f - input : Layer::f(forget, tables.squash);
    const Lanes kept = forget * old, cell = fused(input, Layer::g(sums[3 * tile + t], tables.squash), kept);
    if constexpr (Layer::peepholes) output = start_at<X>(tables.bias + 5 * padded + at) * cell + output;
    put_units(after + padded, at, cell);
    put_units(after, at, Layer::f(output, tables.squash) * Layer::h(cell, tables.squash));
  }
}

// `work` once for each tile: called with how many vectors it has, as a type, and where it begins.
template <class X, class Layer, class Work>
BARTIK_INLINE void for_tiles(Work work) noexcept {
  using Tiles = Tiling<X, Layer>;
  constexpr int whole = Tiles::vectors - Tiles::left;
  for (int vector = 0; vector < whole; vector += Tiles::tile) work(std::integral_constant<int, Tiles::tile>(), vector * units_of<X>);
  if constexpr (Tiles::left > 0) work(std::integral_constant<int, Tiles::left>(), whole * units_of<X>);
}

template <class X, class Layer>
BARTIK_INLINE void recurrent_step(const RecurrentTables& tables, const X* x, const X* before, X* after, X* spare) noexcept {
  (void)spare;
  if constexpr (Layer::cell == Cell::gru) {
    for_tiles<X, Layer>([&](auto tile, int unit) { gru_gates<X, Layer, decltype(tile)::value>(tables, x, before, spare, unit); });
    for_tiles<X, Layer>([&](auto tile, int unit) { gru_new_units<X, Layer, decltype(tile)::value>(tables, x, before, after, spare, unit); });
  } else {
    for_tiles<X, Layer>([&](auto tile, int unit) {
      constexpr int size = decltype(tile)::value;
      if constexpr (Layer::cell == Cell::rnn) rnn_units<X, Layer, size>(tables, x, before, after, unit);
      if constexpr (Layer::cell == Cell::gru_reset_after) gru_reset_after_units<X, Layer, size>(tables, x, before, after, unit);
      if constexpr (Layer::has_cell) lstm_units<X, Layer, size>(tables, x, before, after, unit);
    });
  }
}

// Steps from a row's own length on do not count: they leave the state as it was, and what they give is zero.
BARTIK_INLINE void only_within(Lanes length, int step, const Lanes* before, Lanes* after, int count) noexcept {
  const Mask within = all(float(step)) < length;
  for (int k = 0; k < count; ++k) after[k] = within ? after[k] : before[k];
}
BARTIK_INLINE void only_within(float length, int step, const float* before, float* after, int count) noexcept {
  if (!(float(step) < length)) std::memcpy(after, before, count * sizeof(float));
}
BARTIK_INLINE void copy_within(Lanes length, int step, const Lanes* from, Lanes* to, int count) noexcept {
  const Mask within = all(float(step)) < length;
  for (int k = 0; k < count; ++k) to[k] = within ? from[k] : Lanes{};
}
BARTIK_INLINE void copy_within(float length, int step, const float* from, float* to, int count) noexcept {
  for (int k = 0; k < count; ++k) to[k] = float(step) < length ? from[k] : 0.0f;
}

// x[entries][steps][inputs], length[entries] or null, initial[entries][states][hidden]; out[entries] of: each step's hidden units if `every`,
// then the last hidden units and, of an LSTM, the last cells. `reverse` begins with the last step. `length` and `initial` may be tables.
template <Cell cell, Squash f, Squash g, Squash h, int clipped, int inputs, int hidden, int steps, int entries, int reverse, int every,
          class X, class Length, class State>
static inline void recurrent_of_lengths(const X* x, const Length* length, const State* initial, const float* weight, const float* recurrent,
                                        const float* bias, const float* squash, X* out, X* scratch) noexcept {
  using Layer = RecurrentLayer<cell, f, g, h, clipped != 0, inputs, hidden>;
  constexpr int states = Layer::has_cell ? 2 : 1, padded = Layer::padded;
  const RecurrentTables tables{weight, recurrent, bias, squash};
  for (int entry = 0; entry < entries; ++entry) {
    X *before = scratch, *after = scratch + states * padded;
    for (int k = 0; k < 2 * states * padded; ++k) scratch[k] = X{};
    for (int k = 0; k < states * hidden; ++k) before[k / hidden * padded + k % hidden] = spread(X{}, initial[k]);
    for (int count = 0; count < steps; ++count) {
      const int step = reverse ? steps - 1 - count : count;
      recurrent_step<X, Layer>(tables, x + step * inputs, before, after, scratch + 2 * states * padded);
      if (length) only_within(spread(X{}, *length), step, before, after, states * padded);
      if constexpr (every != 0) {
        if (length) copy_within(spread(X{}, *length), step, after, out + step * hidden, hidden);
        else std::memcpy(out + step * hidden, after, hidden * sizeof(X));
      }
      X* const spare = before;
      before = after;
      after = spare;
    }
    if constexpr (every != 0) out += steps * hidden;
    for (int state = 0; state < states; ++state, out += hidden) std::memcpy(out, before + state * padded, hidden * sizeof(X));
    x += steps * inputs, initial += states * hidden, length += length ? 1 : 0;
  }
}
template <Cell cell, Squash f, Squash g, Squash h, int clipped, int inputs, int hidden, int steps, int entries, int reverse, int every,
          class X, class State>
static inline void recurrent(const X* x, const State* initial, const float* weight, const float* recurrent, const float* bias,
                             const float* squash, X* out, X* scratch) noexcept {
  recurrent_of_lengths<cell, f, g, h, clipped, inputs, hidden, steps, entries, reverse, every>(
      x, static_cast<const X*>(nullptr), initial, weight, recurrent, bias, squash, out, scratch);
}
