// Exponential: x = n ln 2 + r with |r| <= ln 2 / 2, e^r = 1 + q by a polynomial (minimax, error 4e-9), times 2^n.
struct Exponent {
  Lanes q;  // e^r - 1
  Bits n;   // a whole number, as two's complement
};

BARTIK_INLINE Exponent reduce(Lanes x) noexcept {
  const Lanes shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the sum's last bits are n
  const Lanes n = shifted - 12582912.0f;
  Lanes r = n * -0.693145752f + x;  // ln 2 in two parts; the first times any n here is exact
  r = n * -1.42860677e-6f + r;
  Lanes p = r * 0.00139517139f + 0.00836959854f;
  p = p * r + 0.0416661873f;
  p = p * r + 0.166665122f;
  p = p * r + 0.5f;
  return {p * (r * r) + r, bits(shifted) - 0x4b400000u};
}
BARTIK_INLINE Lanes power_of_two(Bits n) noexcept { return floats((n + 127u) << 23); }  // n in [-126, 127]

// 2^n in two factors, so that the largest and the smallest (subnormal) results come out right.
BARTIK_INLINE Lanes exp(Lanes x) noexcept {
  const Lanes bounded = at_least(all(-104.0f), at_most(all(89.0f), x));
  const Exponent e = reduce(bounded);
  const Bits half = ((e.n + 256u) >> 1) - 128u;
  return (e.q + 1.0f) * power_of_two(half) * power_of_two(e.n - half);
}

// e^x - 1 without loss near zero, for x <= 88.
BARTIK_INLINE Lanes expm1(Lanes x) noexcept {
  const Exponent e = reduce(at_least(all(-80.0f), x));
  const Lanes scale = power_of_two(e.n);
  return e.q * scale + (scale - 1.0f);
}
