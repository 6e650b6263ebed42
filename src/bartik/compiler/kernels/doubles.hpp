// Functions of doubles: the standard library's, one lane after the other.
BARTIK_INLINE Lanes abs(Lanes x) noexcept { return each([](double v) { return std::fabs(v); }, x); }
BARTIK_INLINE Lanes exp(Lanes x) noexcept { return each([](double v) { return std::exp(v); }, x); }
BARTIK_INLINE Lanes expm1(Lanes x) noexcept { return each([](double v) { return std::expm1(v); }, x); }
BARTIK_INLINE Lanes log(Lanes x) noexcept { return each([](double v) { return std::log(v); }, x); }
BARTIK_INLINE Lanes log1p(Lanes x) noexcept { return each([](double v) { return std::log1p(v); }, x); }
BARTIK_INLINE Lanes erf(Lanes x) noexcept { return each([](double v) { return std::erf(v); }, x); }
BARTIK_INLINE Lanes tanh(Lanes x) noexcept { return each([](double v) { return std::tanh(v); }, x); }
BARTIK_INLINE Lanes sigmoid(Lanes x) noexcept { return 1.0 / (exp(-x) + 1.0); }
BARTIK_INLINE Lanes elu(Lanes x, Lanes alpha) noexcept { return x > Lanes{} ? x : alpha * expm1(at_most(Lanes{}, x)); }
BARTIK_INLINE Lanes softplus(Lanes x) noexcept { return relu(x) + log1p(exp(-abs(x))); }
