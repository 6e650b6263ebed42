// Error function: x (2/sqrt(pi)) by a polynomial in x^2 near zero, 1 - e^(t P(t)) with t = |x| beyond.
BARTIK_INLINE Lanes erf(Lanes x) noexcept {
  const Lanes t = at_most(all(4.0f), abs(x)), s = t * t;
  Lanes p = s * -0.000596579339f + 0.00498830527f;
  p = p * s + -0.0267633293f;
  p = p * s + 0.112817265f;
  p = p * s + -0.376124859f;
  p = p * s + 0.128379151f;
  const Lanes near = p * t + t;
  Lanes q = t * -1.04334931e-05f + 0.000314861711f;
  q = q * t + -0.00361035578f;
  q = q * t + 0.0236945935f;
  q = q * t + -0.106159076f;
  q = q * t + -0.635197997f;
  q = q * t + -1.12863708f;
  const Lanes far = 1.0f - exp(q * t);
  return with_sign_of(t < 0.921875f ? near : far, x);
}
