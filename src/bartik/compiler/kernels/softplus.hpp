// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
BARTIK_INLINE Lanes softplus(Lanes x) noexcept { return relu(x) + log1p(exp(-abs(x))); }
BARTIK_INLINE Pair softplus(Pair x) noexcept { return {softplus(x.a), softplus(x.b)}; }
