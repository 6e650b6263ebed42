// Natural logarithm: x = m 2^e with m in [sqrt 1/2, sqrt 2), log(1 + f) = f - f^2/2 + f^3 Q(f) (minimax, error 6e-9).
BARTIK_INLINE Lanes log(Lanes x) noexcept {
  const Mask tiny = x < 1.17549435e-38f;  // subnormal, zero or negative
  const Lanes scaled = tiny ? x * 8388608.0f : x;
  const Bits offset = bits(scaled) - 0x3f3504f3u;  // bits of sqrt 1/2
  const Lanes m = floats((offset & 0x007fffffu) + 0x3f3504f3u);
  const Mask exponent = Mask(offset) >> 23;
  const Lanes e = __builtin_convertvector(exponent, Lanes) - (tiny ? all(23.0f) : Lanes{});
  const Lanes f = m - 1.0f, square = f * f;
  Lanes p = f * -0.076342009f + 0.127653524f;
  p = p * f + -0.131620392f;
  p = p * f + 0.142013818f;
  p = p * f + -0.166231424f;
  p = p * f + 0.200012356f;
  p = p * f + -0.250008255f;
  p = p * f + 0.333333313f;
  const Lanes low = e * 1.42860677e-6f + (p * f) * square;
  const Lanes value = e * 0.693145752f + (f + (square * -0.5f + low));
  const Lanes nan = x - x;  // NaN where x is infinite or NaN
  const Lanes edge = x > 0.0f ? x : (x == 0.0f ? all(-__builtin_inff()) : all(__builtin_nanf("")) + nan);
  return ((x > 0.0f) & (x < __builtin_inff())) ? value : edge;
}

// log(1 + u): what rounding took from 1 + u is put back by the factor u / (w - 1).
BARTIK_INLINE Lanes log1p(Lanes u) noexcept {
  const Lanes w = u + 1.0f, rounded = w - 1.0f;
  return rounded == Lanes{} ? u : log(w) * (u / rounded);
}
