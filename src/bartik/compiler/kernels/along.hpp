// What happens along one axis of a row: x[outer][count][inner] to out[outer][kept][inner]. See units.hpp for the two forms: the elements of
// `inner` lie in the lanes, or, where there is only one, those of `count`.
enum class Fold { sum, product, largest, smallest, magnitudes, squares };

BARTIK_INLINE float maximum(float x, float y) noexcept { return x != x || x > y ? x : y; }  // NaN where either is
BARTIK_INLINE float minimum(float x, float y) noexcept { return x != x || x < y ? x : y; }
BARTIK_INLINE float magnitude(float x) noexcept { return std::fabs(x); }
BARTIK_INLINE Lanes magnitude(Lanes x) noexcept { return abs(x); }

template <Fold fold, class V>
BARTIK_INLINE V folded(V so_far, V x) noexcept {
  if constexpr (fold == Fold::sum) return so_far + x;
  if constexpr (fold == Fold::product) return so_far * x;
  if constexpr (fold == Fold::largest) return maximum(so_far, x);
  if constexpr (fold == Fold::smallest) return minimum(so_far, x);
  if constexpr (fold == Fold::magnitudes) return so_far + magnitude(x);
  if constexpr (fold == Fold::squares) return fused(x, x, so_far);
}
template <Fold fold, class V>
BARTIK_INLINE V fold_first(V x) noexcept {
  if constexpr (fold == Fold::magnitudes) return magnitude(x);
  if constexpr (fold == Fold::squares) return x * x;
  return x;
}

// All of `get(0) ... get(count - 1)`: where there is one column alone in four parts, element k in part k % 4, so that it need not wait for itself.
template <Fold fold, int count, int parts, class Get>
BARTIK_INLINE auto fold_all(Get get) noexcept {
  if constexpr (parts == 1 || count < 8) {
    auto total = fold_first<fold>(get(0));
    for (int k = 1; k < count; ++k) total = folded<fold>(total, get(k));
    return total;
  } else {
    auto a = fold_first<fold>(get(0)), b = fold_first<fold>(get(1)), c = fold_first<fold>(get(2)), d = fold_first<fold>(get(3));
    int k = 4;
    for (; k + 4 <= count; k += 4) {
      a = folded<fold>(a, get(k));
      b = folded<fold>(b, get(k + 1));
      c = folded<fold>(c, get(k + 2));
      d = folded<fold>(d, get(k + 3));
    }
    if (k < count) a = folded<fold>(a, get(k));
    if (k + 1 < count) b = folded<fold>(b, get(k + 1));
    if (k + 2 < count) c = folded<fold>(c, get(k + 2));
    constexpr Fold joint = fold == Fold::magnitudes || fold == Fold::squares ? Fold::sum : fold;
    return folded<joint>(folded<joint>(a, b), folded<joint>(c, d));
  }
}

// `work(get, put, got)` for each vector of columns of x[count][inner] and out[kept][inner], by the place along the axis.
template <int inner, class X, class Work>
BARTIK_INLINE void for_columns(const X* x, X* out, Work work) noexcept {
  constexpr int step = units_of<X>, whole = inner / step * step, left = inner - whole;
  for (int i = 0; i < whole; i += step)
    work([=](int k) { return units_at(x + k * inner, i); }, [=](int k, Lanes value) { put_units(out + k * inner, i, value); },
         [=](int k) { return units_at(out + k * inner, i); });
  if constexpr (left > 0)
    work([=](int k) { return some_at<left>(x + k * inner + whole); },
         [=](int k, Lanes value) { put_some<left>(out + k * inner + whole, value); },
         [=](int k) { return some_at<left>(out + k * inner + whole); });
}

// `work(get, put)` for each vector of the elements of one row of floats.
template <int count, class Work>
BARTIK_INLINE void for_elements(Work work) noexcept {
  constexpr int whole = count / lanes * lanes, left = count - whole;
  for (int k = 0; k < whole; k += lanes)
    work([k](const float* x) { return load(x + k); }, [k](float* to, Lanes value) { store(to + k, value); });
  if constexpr (left > 0)
    work([](const float* x) { return some_at<left>(x + whole); }, [](float* to, Lanes value) { put_some<left>(to + whole, value); });
}

template <class X, int inner>
constexpr bool lies_along = inner == 1 && units_of<X> > 1;

template <Fold fold, int outer, int count, int inner, class X>
static inline void reduce(const X* x, X* out) noexcept {
  for (int o = 0; o < outer; ++o, x += count * inner, out += inner) {
    if constexpr (lies_along<X, inner>) *out = fold_all<fold, count, 4>([&](int k) { return x[k]; });
    else for_columns<inner>(x, out, [](auto get, auto put, auto) { put(0, fold_all<fold, count, inner == 1 ? 4 : 1>(get)); });
  }
}

// e^(x - m) / sum, or x - m - log(sum), with m the largest: nothing overflows. Where all are -inf the result is NaN, as everywhere.
template <int outer, int count, int inner, int logarithm, class X>
static inline void softmax(const X* x, X* out) noexcept {
  for (int o = 0; o < outer; ++o, x += count * inner, out += count * inner) {
    if constexpr (lies_along<X, inner>) {
      const float largest = fold_all<Fold::largest, count, 4>([&](int k) { return x[k]; });
      for_elements<count>([&](auto get, auto put) { put(out, exp(get(x) - largest)); });
      const Lanes total = all(fold_all<Fold::sum, count, 4>([&](int k) { return out[k]; }));
      const Lanes factor = logarithm ? log(total) : 1.0f / total;
      for_elements<count>([&](auto get, auto put) { put(out, logarithm ? get(x) - largest - factor : get(out) * factor); });
    } else {
      for_columns<inner>(x, out, [](auto get, auto put, auto got) {
        const Lanes largest = fold_all<Fold::largest, count, inner == 1 ? 4 : 1>(get);
        for (int k = 0; k < count; ++k) put(k, exp(get(k) - largest));
        const Lanes total = fold_all<Fold::sum, count, inner == 1 ? 4 : 1>(got);
        const Lanes factor = logarithm ? log(total) : 1.0f / total;
        for (int k = 0; k < count; ++k) put(k, logarithm ? get(k) - largest - factor : got(k) * factor);
      });
    }
  }
}

// (x - mean) / sqrt(mean of the squares of that + epsilon), or without the mean.
template <int outer, int count, int inner, int centred, class X>
static inline void normalise(const X* x, const float* epsilon, X* out) noexcept {
  constexpr float number = float(count);  // divided by, because a product would be fused with the sum after it in one form and not in the other
  for (int o = 0; o < outer; ++o, x += count * inner, out += count * inner) {
    if constexpr (lies_along<X, inner>) {
      const float mean = centred ? fold_all<Fold::sum, count, 4>([&](int k) { return x[k]; }) / number : 0.0f;
      for_elements<count>([&](auto get, auto put) { put(out, get(x) - mean); });
      const float square = fold_all<Fold::squares, count, 4>([&](int k) { return out[k]; }) / number;
      const Lanes factor = 1.0f / sqrt(all(square + *epsilon));
      for_elements<count>([&](auto get, auto put) { put(out, get(out) * factor); });
    } else {
      for_columns<inner>(x, out, [epsilon](auto get, auto put, auto) {
        constexpr int parts = inner == 1 ? 4 : 1;
        const Lanes mean = centred ? fold_all<Fold::sum, count, parts>(get) / number : Lanes{};
        const Lanes square = fold_all<Fold::squares, count, parts>([&](int k) { return get(k) - mean; }) / number;
        const Lanes factor = 1.0f / sqrt(square + *epsilon);
        for (int k = 0; k < count; ++k) put(k, (get(k) - mean) * factor);
      });
    }
  }
}

// Sums of all before, and of the element itself unless `exclusive`; `reverse` begins at the end.
template <int outer, int count, int inner, int exclusive, int reverse, class X>
static inline void running_sum(const X* x, X* out) noexcept {
  for (int o = 0; o < outer; ++o, x += count * inner, out += count * inner)
    for (int i = 0; i < inner; ++i) {
      X total{};
      for (int n = 0; n < count; ++n) {
        const int k = (reverse ? count - 1 - n : n) * inner + i;
        const X next = total + x[k];
        out[k] = exclusive ? total : next;
        total = next;
      }
    }
}

// Where the largest (smallest) is, as a float: the first of equals, or the last. NaN is larger and smaller than all, as in numpy.
BARTIK_INLINE Lanes chosen(Mask where, Lanes x, Lanes y) noexcept { return where ? x : y; }
BARTIK_INLINE float chosen(bool where, float x, float y) noexcept { return where ? x : y; }
template <int outer, int count, int inner, int largest, int last, class X>
static inline void place_of_extreme(const X* x, X* out) noexcept {
  for (int o = 0; o < outer; ++o, x += count * inner, out += inner)
    for (int i = 0; i < inner; ++i) {
      X best = x[i], place{};
      for (int k = 1; k < count; ++k) {
        const X value = x[k * inner + i];
        const auto better = largest ? value > best : value < best;
        auto wins = (better | (value != value)) & (best == best);
        if constexpr (last != 0) wins = wins | (value == best) | ((value != value) & (best != best));
        best = chosen(wins, value, best);
        place = chosen(wins, spread(X{}, float(k)), place);
      }
      out[i] = place;
    }
}
