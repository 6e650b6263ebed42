// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
BARTIK_INLINE Lanes softplus(Lanes x) noexcept { return relu(x) + log1p(exp(-abs(x))); }
