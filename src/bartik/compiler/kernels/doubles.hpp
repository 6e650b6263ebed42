// Functions of doubles: exp, log and what is made of them in vectors, as `exp.hpp`, `log.hpp` and `activations.hpp` have them of floats.
BARTIK_INLINE Bits bits(Lanes x) noexcept {
  Bits same;
  std::memcpy(&same, &x, sizeof same);
  return same;
}
BARTIK_INLINE Lanes doubles(Bits x) noexcept {
  Lanes same;
  std::memcpy(&same, &x, sizeof same);
  return same;
}
BARTIK_INLINE Lanes abs(Lanes x) noexcept { return doubles(bits(x) & 0x7fffffffffffffffu); }
BARTIK_INLINE Lanes with_sign_of(Lanes size, Lanes sign) noexcept { return doubles(bits(size) | (bits(sign) & 0x8000000000000000u)); }

// Exponential: x = n ln 2 + r with |r| <= ln 2 / 2, e^r = 1 + q by a polynomial (minimax, error 1.3e-17), times 2^n.
struct Exponent {
  Lanes q;  // e^r - 1
  Bits n;   // a whole number, as two's complement
};
BARTIK_INLINE Exponent reduce(Lanes x) noexcept {
  const Lanes shifted = x * 1.4426950408889634 + 6755399441055744.0;  // 1.5 * 2^52: the sum's last bits are n
  const Lanes n = shifted - 6755399441055744.0;
  Lanes r = n * -0.6931471803691238 + x;  // ln 2 in two parts; the first times any n here is exact
  r = n * -1.9082149292705877e-10 + r;
  Lanes p = r * 2.510038549551032e-08 + 2.7620088445409746e-07;
  p = p * r + 2.7557268459997064e-06;
  p = p * r + 2.4801521295954376e-05;
  p = p * r + 0.00019841269863053618;
  p = p * r + 0.0013888888917213717;
  p = p * r + 0.008333333333330062;
  p = p * r + 0.04166666666662413;
  p = p * r + 0.16666666666666669;
  p = p * r + 0.5;
  return {p * (r * r) + r, bits(shifted) - 0x4338000000000000u};
}
BARTIK_INLINE Lanes power_of_two(Bits n) noexcept { return doubles((n + 1023u) << 52); }  // n in [-1022, 1023]

// 2^n in two factors, so that the largest and the smallest (subnormal) results come out right.
BARTIK_INLINE Lanes exp(Lanes x) noexcept {
  const Lanes bounded = at_least(all(-746.0), at_most(all(710.0), x));
  const Exponent e = reduce(bounded);
  const Bits half = ((e.n + 2048u) >> 1) - 1024u;
  return (e.q + 1.0) * power_of_two(half) * power_of_two(e.n - half);
}

// e^x - 1 without loss near zero, for x <= 709.
BARTIK_INLINE Lanes expm1(Lanes x) noexcept {
  const Exponent e = reduce(at_least(all(-700.0), x));
  const Lanes scale = power_of_two(e.n);
  return e.q * scale + (scale - 1.0);
}

// Natural logarithm: x = m 2^e with m in [sqrt 1/2, sqrt 2), s = f / (2 + f) for m = 1 + f, and
// log m = f - f^2/2 + s (f^2/2 + s^2 Q(s^2)) (minimax, error 1e-17).
BARTIK_INLINE Lanes log(Lanes x) noexcept {
  const Mask tiny = x < 2.2250738585072014e-308;  // subnormal, zero or negative
  const Bits offset = bits(tiny ? x * 18014398509481984.0 : x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);  // bits of sqrt 1/2
  const Lanes f = doubles((offset & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
  const Lanes e = doubles((offset >> 52) | 0x4330000000000000u) - (tiny ? all(4503599627371573.0) : all(4503599627371519.0));  // 2^52 + 1023
  const Lanes s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  Lanes q = z * 0.14616721179861816 + 0.15331699633543858;
  q = q * z + 0.18182889786191042;
  q = q * z + 0.2222221112572281;
  q = q * z + 0.28571428626031065;
  q = q * z + 0.3999999999989938;
  q = q * z + 0.666666666666667;
  const Lanes low = e * 1.9082149292705877e-10 + s * (q * z + half);
  const Lanes value = e * 0.6931471803691238 + (f + (low - half));
  const Lanes nan = x - x;  // NaN where x is infinite or NaN
  const Lanes edge = x > 0.0 ? x : (x == 0.0 ? all(-__builtin_inf()) : all(__builtin_nan("")) + nan);
  return ((x > 0.0) & (x < __builtin_inf())) ? value : edge;
}

// log(1 + u): what rounding took from 1 + u is put back by the factor u / (w - 1).
BARTIK_INLINE Lanes log1p(Lanes u) noexcept {
  const Lanes w = u + 1.0, rounded = w - 1.0;
  return rounded == Lanes{} ? u : log(w) * (u / rounded);
}

BARTIK_INLINE Lanes sigmoid(Lanes x) noexcept { return 1.0 / (exp(-x) + 1.0); }
// With e = e^2|x| - 1: tanh |x| = e / (e + 2).
BARTIK_INLINE Lanes tanh(Lanes x) noexcept {
  const Lanes size = at_most(all(20.0), abs(x)), e = expm1(size + size);
  return with_sign_of(e / (e + 2.0), x);
}
BARTIK_INLINE Lanes elu(Lanes x, Lanes alpha) noexcept { return x > Lanes{} ? x : alpha * expm1(at_most(Lanes{}, x)); }
BARTIK_INLINE Lanes softplus(Lanes x) noexcept { return relu(x) + log1p(exp(-abs(x))); }
BARTIK_INLINE Lanes erf(Lanes x) noexcept { return each([](double v) { return std::erf(v); }, x); }
