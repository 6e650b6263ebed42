// Activations made of the exponential.
BARTIK_INLINE Lanes sigmoid(Lanes x) noexcept { return 1.0f / (exp(-x) + 1.0f); }

// With e = e^2|x| - 1: tanh |x| = e / (e + 2). As in `reduce`, for 2|x| and its half r, which is small: n ln 2 / 2 in one part will do.
BARTIK_INLINE Lanes tanh(Lanes x) noexcept {
  const Lanes size = at_most(all(10.0f), abs(x));
  const Lanes shifted = size * 2.88539008f + 12582912.0f;
  const Lanes r = (shifted - 12582912.0f) * -0.34657359f + size;
  Lanes p = r * 0.0892909691f + 0.267827153f;
  p = p * r + 0.666658997f;
  p = p * r + 1.33332098f;
  p = p * r + 2.0f;
  const Lanes scale = power_of_two(bits(shifted) - 0x4b400000u);
  const Lanes e = (p * (r * r) + (r + r)) * scale + (scale - 1.0f);
  return with_sign_of(e / (e + 2.0f), x);
}
BARTIK_INLINE Lanes elu(Lanes x, Lanes alpha) noexcept { return x > Lanes{} ? x : alpha * expm1(at_most(Lanes{}, x)); }
