// Comparisons give 1 or 0; nothing compares with NaN. `select` takes y where the condition is 0, else x.
BARTIK_INLINE Lanes select(Lanes condition, Lanes x, Lanes y) noexcept { return condition != Lanes{} ? x : y; }
BARTIK_INLINE Lanes less(Lanes x, Lanes y) noexcept { return x < y ? all(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes less_or_equal(Lanes x, Lanes y) noexcept { return x <= y ? all(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes equal(Lanes x, Lanes y) noexcept { return x == y ? all(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes is_nan(Lanes x) noexcept { return x != x ? all(1.0f) : Lanes{}; }
BARTIK_INLINE Lanes maximum(Lanes x, Lanes y) noexcept { return x != x ? x : max_or_second(x, y); }  // NaN where either is
BARTIK_INLINE Lanes minimum(Lanes x, Lanes y) noexcept { return x != x ? x : min_or_second(x, y); }
BARTIK_INLINE Lanes leaky_relu(Lanes x, Lanes slope) noexcept { return x < Lanes{} ? slope * x : x; }
