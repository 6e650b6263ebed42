// In the place of vectors: one `Real`, float or double. The kernels' texts are the same for a compiler without vectors and for a GPU;
// functions are those of the language's own library.
constexpr int lanes = 1;

struct Mask {
  bool holds;
  BARTIK_MEMBER explicit operator bool() const noexcept { return holds; }
  BARTIK_MEMBER friend Mask operator|(Mask x, Mask y) noexcept { return {x.holds || y.holds}; }
  BARTIK_MEMBER friend Mask operator&(Mask x, Mask y) noexcept { return {x.holds && y.holds}; }
};
struct Lanes {
  Real value;
  Lanes() = default;
  BARTIK_MEMBER Lanes(Real x) noexcept : value(x) {}
  BARTIK_MEMBER Real& operator[](int) noexcept { return value; }
  BARTIK_MEMBER Real operator[](int) const noexcept { return value; }
  BARTIK_MEMBER friend Lanes operator-(Lanes x) noexcept { return -x.value; }
  BARTIK_MEMBER friend Lanes operator+(Lanes x, Lanes y) noexcept { return x.value + y.value; }
  BARTIK_MEMBER friend Lanes operator-(Lanes x, Lanes y) noexcept { return x.value - y.value; }
  BARTIK_MEMBER friend Lanes operator*(Lanes x, Lanes y) noexcept { return x.value * y.value; }
  BARTIK_MEMBER friend Lanes operator/(Lanes x, Lanes y) noexcept { return x.value / y.value; }
  BARTIK_MEMBER friend Mask operator<(Lanes x, Lanes y) noexcept { return {x.value < y.value}; }
  BARTIK_MEMBER friend Mask operator<=(Lanes x, Lanes y) noexcept { return {x.value <= y.value}; }
  BARTIK_MEMBER friend Mask operator>(Lanes x, Lanes y) noexcept { return {x.value > y.value}; }
  BARTIK_MEMBER friend Mask operator>=(Lanes x, Lanes y) noexcept { return {x.value >= y.value}; }
  BARTIK_MEMBER friend Mask operator==(Lanes x, Lanes y) noexcept { return {x.value == y.value}; }
  BARTIK_MEMBER friend Mask operator!=(Lanes x, Lanes y) noexcept { return {x.value != y.value}; }
};

BARTIK_INLINE Lanes all(Lanes x) noexcept { return x; }
BARTIK_INLINE Lanes rounded(Lanes x) noexcept { return x; }
BARTIK_INLINE Lanes load(const Real* from) noexcept { return *from; }
BARTIK_INLINE void store(Real* to, Lanes x) noexcept { *to = x.value; }
// `BARTIK_KEEP`: from there on the compiler does not know where a value comes from. It would compute the product of two floats in
// double as one of floats, and round it together with a sum; and GCC 11 and 12 take wrong elements where they make one shuffle of many
// loads (AVX-512, double).
BARTIK_INLINE Lanes narrow(Lanes x) noexcept {
  float y = static_cast<float>(x.value);
  BARTIK_KEEP(y);
  return y;
}
BARTIK_INLINE Lanes gather(const Real* from, const int* places) noexcept {
  Real x = from[*places];
  BARTIK_KEEP(x);
  return x;
}
BARTIK_INLINE Lanes madd(Lanes weight, Lanes x, Lanes sum) noexcept { return std::fma(weight.value, x.value, sum.value); }
BARTIK_INLINE Lanes max_or_second(Lanes x, Lanes y) noexcept { return x.value > y.value ? x : y; }
BARTIK_INLINE Lanes min_or_second(Lanes x, Lanes y) noexcept { return x.value < y.value ? x : y; }
BARTIK_INLINE Lanes at_least(Lanes low, Lanes x) noexcept { return max_or_second(low, x); }
BARTIK_INLINE Lanes at_most(Lanes high, Lanes x) noexcept { return min_or_second(high, x); }
BARTIK_INLINE Lanes relu(Lanes x) noexcept { return max_or_second(Lanes(0.0f), x); }

BARTIK_INLINE Lanes select(Lanes condition, Lanes x, Lanes y) noexcept { return condition.value != 0.0f ? x : y; }
BARTIK_INLINE Lanes less(Lanes x, Lanes y) noexcept { return x.value < y.value ? 1.0f : 0.0f; }
BARTIK_INLINE Lanes less_or_equal(Lanes x, Lanes y) noexcept { return x.value <= y.value ? 1.0f : 0.0f; }
BARTIK_INLINE Lanes equal(Lanes x, Lanes y) noexcept { return x.value == y.value ? 1.0f : 0.0f; }
BARTIK_INLINE Lanes is_nan(Lanes x) noexcept { return x.value != x.value ? 1.0f : 0.0f; }
BARTIK_INLINE Lanes maximum(Lanes x, Lanes y) noexcept { return x.value != x.value ? x : max_or_second(x, y); }
BARTIK_INLINE Lanes minimum(Lanes x, Lanes y) noexcept { return x.value != x.value ? x : min_or_second(x, y); }
BARTIK_INLINE Lanes leaky_relu(Lanes x, Lanes slope) noexcept { return x.value < 0.0f ? slope * x : x; }

BARTIK_INLINE Lanes abs(Lanes x) noexcept { return std::fabs(x.value); }
BARTIK_INLINE Lanes sqrt(Lanes x) noexcept { return std::sqrt(x.value); }
BARTIK_INLINE Lanes exp(Lanes x) noexcept { return std::exp(x.value); }
BARTIK_INLINE Lanes expm1(Lanes x) noexcept { return std::expm1(x.value); }
BARTIK_INLINE Lanes log(Lanes x) noexcept { return std::log(x.value); }
BARTIK_INLINE Lanes log1p(Lanes x) noexcept { return std::log1p(x.value); }
BARTIK_INLINE Lanes erf(Lanes x) noexcept { return std::erf(x.value); }
BARTIK_INLINE Lanes tanh(Lanes x) noexcept { return std::tanh(x.value); }
BARTIK_INLINE Lanes sigmoid(Lanes x) noexcept { return 1.0f / (1.0f + std::exp(-x.value)); }
BARTIK_INLINE Lanes softplus(Lanes x) noexcept { return relu(x) + log1p(exp(-abs(x))); }
BARTIK_INLINE Lanes elu(Lanes x, Lanes alpha) noexcept { return x.value > 0.0f ? x : alpha * expm1(at_most(0.0f, x)); }
BARTIK_INLINE Lanes floor(Lanes x) noexcept { return std::floor(x.value); }
BARTIK_INLINE Lanes ceil(Lanes x) noexcept { return std::ceil(x.value); }
BARTIK_INLINE Lanes round(Lanes x) noexcept { return std::nearbyint(x.value); }
BARTIK_INLINE Lanes trunc(Lanes x) noexcept { return std::trunc(x.value); }
BARTIK_INLINE Lanes sin(Lanes x) noexcept { return std::sin(x.value); }
BARTIK_INLINE Lanes cos(Lanes x) noexcept { return std::cos(x.value); }
BARTIK_INLINE Lanes tan(Lanes x) noexcept { return std::tan(x.value); }
BARTIK_INLINE Lanes asin(Lanes x) noexcept { return std::asin(x.value); }
BARTIK_INLINE Lanes acos(Lanes x) noexcept { return std::acos(x.value); }
BARTIK_INLINE Lanes atan(Lanes x) noexcept { return std::atan(x.value); }
BARTIK_INLINE Lanes sinh(Lanes x) noexcept { return std::sinh(x.value); }
BARTIK_INLINE Lanes cosh(Lanes x) noexcept { return std::cosh(x.value); }
BARTIK_INLINE Lanes asinh(Lanes x) noexcept { return std::asinh(x.value); }
BARTIK_INLINE Lanes acosh(Lanes x) noexcept { return std::acosh(x.value); }
BARTIK_INLINE Lanes atanh(Lanes x) noexcept { return std::atanh(x.value); }
BARTIK_INLINE Lanes pow(Lanes x, Lanes y) noexcept { return std::pow(x.value, y.value); }
BARTIK_INLINE Lanes remainder(Lanes x, Lanes y) noexcept { return std::fmod(x.value, y.value); }
