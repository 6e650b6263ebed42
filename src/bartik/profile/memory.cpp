// How fast one thread reads one array and writes another: `count` floats each, `repeats` times.
extern "C" __attribute__((visibility("default"))) void bartik_memory_run(const float* from, float* to, long count, long repeats) {
  for (long repeat = 0; repeat < repeats; ++repeat) {
    for (long i = 0; i < count; ++i) to[i] = from[i] * 0.999f;
    asm volatile("" ::: "memory");
  }
}
