/* A host in C: runs some calls on the instruction sets that it is given and prints what comes of them. */
#include <stdio.h>
#include <string.h>

#include "../../../native/src/flashlm.h"

enum { ROWS = 3, COLS = 5 };

static flashlm_value tensor(float* data, int64_t rows, int64_t cols) {
  flashlm_value value = {0};
  value.data = data;
  value.length = (size_t)(rows * cols);
  value.rows = rows;
  value.cols = cols;
  return value;
}

static void print(const char* name, const float* data, int count) {
  printf("%s", name);
  for (int i = 0; i < count; i++) printf(" %.9g", data[i]);
  printf("\n");
}

int main(int argc, char** argv) {
  char error[256];
  flashlm_engine* engine;
  for (int i = 1; i < argc; i++) {
    if (flashlm_create(argv[i], NULL, 0, 2, &engine, error, sizeof error) != FLASHLM_OK) {
      printf("%s\n", error);
      continue;
    }
    printf("isa %s, %d threads\n", flashlm_isa(engine), flashlm_threads(engine));
    float a[ROWS * COLS], b[ROWS * COLS], out[ROWS * COLS];
    for (int k = 0; k < ROWS * COLS; k++) {
      a[k] = (float)k / 4;
      b[k] = 1;
    }
    const int add = flashlm_find_op("add"), squares = flashlm_find_op("sumSquares"),
              activation = flashlm_find_op("activation");
    flashlm_value values[3] = {tensor(out, ROWS, COLS), tensor(a, ROWS, COLS), tensor(b, ROWS, COLS)};
    if (flashlm_run(engine, add, values, NULL) == FLASHLM_OK) print("add", out, ROWS * COLS);

    double result = 0;
    if (flashlm_run(engine, squares, values, &result) == FLASHLM_OK) printf("sumSquares %.9g\n", result);

    flashlm_value relu[4] = {tensor(out, ROWS, COLS), {0}, tensor(a, ROWS, COLS), {0}};
    relu[3].choice = flashlm_find_choice(activation, 3, "relu2");
    flashlm_open(engine);
    memset(out, 0, sizeof out);
    flashlm_run(engine, activation, relu, NULL);
    print("before close", out, 2);
    if (flashlm_close(engine, NULL, 0, NULL) == FLASHLM_OK) print("after close", out, 3);

    values[1].cols = 4;
    printf("%d ", flashlm_run(engine, add, values, NULL));
    printf("%s\n", flashlm_error(engine));
    values[1] = tensor(NULL, ROWS, COLS);
    printf("%d ", flashlm_run(engine, add, values, NULL));
    printf("%s\n", flashlm_error(engine));
    relu[3].choice = 99;
    printf("%d ", flashlm_run(engine, activation, relu, NULL));
    printf("%s\n", flashlm_error(engine));
    printf("%d %s\n", flashlm_run(engine, -1, values, NULL), flashlm_error(engine));
    flashlm_destroy(engine);
  }
  return 0;
}
