// Activations made of the exponential.
BARTIK_INLINE Lanes sigmoid(Lanes x) noexcept { return 1.0f / (exp(-x) + 1.0f); }
BARTIK_INLINE Lanes tanh(Lanes x) noexcept {
  const Lanes e = expm1(at_most(all(20.0f), abs(x) * 2.0f));
  return with_sign_of(e / (e + 2.0f), x);
}
BARTIK_INLINE Lanes elu(Lanes x, Lanes alpha) noexcept { return x > Lanes{} ? x : alpha * expm1(at_most(Lanes{}, x)); }
