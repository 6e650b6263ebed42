// Comparisons give 1 or 0; nothing compares with NaN. `select` takes y where the condition is 0, else x.
BARTIK_INLINE Lanes select(Lanes condition, Lanes x, Lanes y) noexcept { return condition != Lanes{} ? x : y; }
BARTIK_INLINE Lanes less(Lanes x, Lanes y) noexcept { return x < y ? all<Lanes>(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes less_or_equal(Lanes x, Lanes y) noexcept { return x <= y ? all<Lanes>(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes equal(Lanes x, Lanes y) noexcept { return x == y ? all<Lanes>(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes is_nan(Lanes x) noexcept { return x != x ? all<Lanes>(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes maximum(Lanes x, Lanes y) noexcept { return x != x ? x : max_or_second(x, y); }  // NaN where either is
BARTIK_INLINE Lanes minimum(Lanes x, Lanes y) noexcept { return x != x ? x : min_or_second(x, y); }
BARTIK_INLINE Lanes leaky_relu(Lanes x, Lanes slope) noexcept { return x < Lanes{} ? slope * x : x; }
BARTIK_INLINE Pair select(Pair c, Pair x, Pair y) noexcept { return {select(c.a, x.a, y.a), select(c.b, x.b, y.b)}; }
BARTIK_INLINE Pair less(Pair x, Pair y) noexcept { return {less(x.a, y.a), less(x.b, y.b)}; }
BARTIK_INLINE Pair less_or_equal(Pair x, Pair y) noexcept { return {less_or_equal(x.a, y.a), less_or_equal(x.b, y.b)}; }
BARTIK_INLINE Pair equal(Pair x, Pair y) noexcept { return {equal(x.a, y.a), equal(x.b, y.b)}; }
BARTIK_INLINE Pair is_nan(Pair x) noexcept { return {is_nan(x.a), is_nan(x.b)}; }
BARTIK_INLINE Pair maximum(Pair x, Pair y) noexcept { return {maximum(x.a, y.a), maximum(x.b, y.b)}; }
BARTIK_INLINE Pair minimum(Pair x, Pair y) noexcept { return {minimum(x.a, y.a), minimum(x.b, y.b)}; }
BARTIK_INLINE Pair leaky_relu(Pair x, Pair slope) noexcept { return {leaky_relu(x.a, slope.a), leaky_relu(x.b, slope.b)}; }
