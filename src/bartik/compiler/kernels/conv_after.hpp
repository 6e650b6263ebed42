// What is done to a sum before it is stored: a type for each activation, so that a kernel takes it as a parameter.
struct AfterNothing {};
struct AfterRelu {};
struct AfterLeakyRelu {};
struct AfterElu {};
struct AfterSigmoid {};
struct AfterTanh {};
struct AfterSoftplus {};
#if defined(BARTIK_SCALAR)
BARTIK_INLINE float after(AfterNothing, float x, float) noexcept { return x; }
BARTIK_INLINE float after(AfterRelu, float x, float) noexcept { return x < 0.0f ? 0.0f : x; }
BARTIK_INLINE float after(AfterLeakyRelu, float x, float alpha) noexcept { return x < 0.0f ? alpha * x : x; }
BARTIK_INLINE float after(AfterElu, float x, float alpha) noexcept { return x > 0.0f ? x : alpha * expm1f(x); }
BARTIK_INLINE float after(AfterSigmoid, float x, float) noexcept { return 1.0f / (1.0f + expf(-x)); }
BARTIK_INLINE float after(AfterTanh, float x, float) noexcept { return tanhf(x); }
BARTIK_INLINE float after(AfterSoftplus, float x, float) noexcept { return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x))); }
#else
BARTIK_INLINE Lanes after(AfterNothing, Lanes x, float) noexcept { return x; }
BARTIK_INLINE Lanes after(AfterRelu, Lanes x, float) noexcept { return relu(x); }
BARTIK_INLINE Lanes after(AfterLeakyRelu, Lanes x, float alpha) noexcept { return leaky_relu(x, all(alpha)); }
BARTIK_INLINE Lanes after(AfterElu, Lanes x, float alpha) noexcept { return elu(x, all(alpha)); }
BARTIK_INLINE Lanes after(AfterSigmoid, Lanes x, float) noexcept { return sigmoid(x); }
BARTIK_INLINE Lanes after(AfterTanh, Lanes x, float) noexcept { return tanh(x); }
BARTIK_INLINE Lanes after(AfterSoftplus, Lanes x, float) noexcept { return softplus(x); }
#endif
