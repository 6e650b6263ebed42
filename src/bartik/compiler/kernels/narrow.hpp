// The nearest float of each double. From there on the compiler does not know where it comes from: it would compute the product of two of them
// as one of floats, and round it together with a sum it is part of. (Lane by lane, GCC 12 leaves the rounding out.)
typedef float Halved __attribute__((vector_size(4 * lanes)));
BARTIK_INLINE Lanes narrow(Lanes x) noexcept { return rounded(__builtin_convertvector(__builtin_convertvector(x, Halved), Lanes)); }
