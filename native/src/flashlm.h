#ifndef FLASHLM_H
#define FLASHLM_H

/*
 * The kernels behind a plain C interface: the Node addon is written on it, and so can be any other host. No
 * function throws, and none keeps a pointer: memory is the caller's, borrowed for one call or, in a deferred
 * region, until the region is closed.
 *
 *     flashlm_engine* engine;
 *     char error[256];
 *     if (flashlm_create("avx2", NULL, 0, 2, &engine, error, sizeof error) != FLASHLM_OK) puts(error);
 *     flashlm_value values[] = {tensor(out, rows, cols), tensor(a, rows, cols), tensor(b, rows, cols)};
 *     if (flashlm_run(engine, flashlm_find_op("add"), values, NULL) != FLASHLM_OK)
 * puts(flashlm_error(engine)); flashlm_destroy(engine);
 *
 * An engine serves one thread at a time.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct flashlm_engine flashlm_engine;

typedef enum {
  FLASHLM_OK,
  /* An argument cannot be what it is given as. */
  FLASHLM_WRONG_TYPE,
  /* A size, number, index or name is out of range. */
  FLASHLM_WRONG_VALUE,
  FLASHLM_OUT_OF_MEMORY
} flashlm_status;

/* One argument of an op, in the order of its table entry. Of a tensor `data` [rows x cols], row after row,
 * and `length` = rows * cols; `data` is NULL for an absent optional tensor, but not for an empty one. Of a
 * scalar `number`, of a choice the place of its value among those of the op. */
typedef struct {
  void* data;
  size_t length;
  int64_t rows, cols;
  double number;
  int choice;
} flashlm_value;

/* Bytes from `data` on. */
typedef struct {
  const void* data;
  size_t bytes;
} flashlm_range;

/* The table of ops for which this was built. */
const char* flashlm_signature(void);
int flashlm_op_count(void);
/* -1 where no op has that name. */
int flashlm_find_op(const char* name);
const char* flashlm_op_name(int op);
int flashlm_argument_count(int op);
const char* flashlm_argument_name(int op, int argument);
/* The place of a choice's value among those of an argument, -1 where it has none of that name. */
int flashlm_find_choice(int op, int argument, const char* value);

/*
 * Kernels of the instruction set `isa`, NULL for the best of this machine, with the extensions in `features`,
 * NULL for all that it has, on 1 to 1024 `threads`. On failure `error` holds a sentence and `*engine` is
 * NULL.
 */
flashlm_status flashlm_create(const char* isa, const char* const* features, size_t feature_count, int threads,
                              flashlm_engine** engine, char* error, size_t error_size);
void flashlm_destroy(flashlm_engine* engine);
/* What was wrong with the last call that failed, in a sentence. */
const char* flashlm_error(const flashlm_engine* engine);

const char* flashlm_isa(const flashlm_engine* engine);
int flashlm_threads(const flashlm_engine* engine);
size_t flashlm_feature_count(const flashlm_engine* engine);
const char* flashlm_feature(const flashlm_engine* engine, size_t feature);

/*
 * Checks a call and runs it; a wrong one writes nothing. `result` gets the number that an op returns, and may
 * be NULL. In a deferred region calls that may be deferred are recorded; any other first runs those.
 */
flashlm_status flashlm_run(flashlm_engine* engine, int op, const flashlm_value* values, double* result);

/* A deferred region begins: what calls read and write stays where it is until it is closed. */
void flashlm_open(flashlm_engine* engine);
int flashlm_is_open(const flashlm_engine* engine);
/* Calls since `flashlm_open`. */
size_t flashlm_call_count(const flashlm_engine* engine);
/*
 * Ends the region and runs its calls. Nobody needs what is in the `transient` memory afterwards. `seconds`,
 * NULL or one for each call since `flashlm_open`, gets the time of those that were deferred.
 */
flashlm_status flashlm_close(flashlm_engine* engine, const flashlm_range* transient, size_t transient_count,
                             double* seconds);
/* Ends the region without running its calls. */
void flashlm_discard(flashlm_engine* engine);

/*
 * From here on calls are checked and take the memory that they work in, as ever, but compute nothing: tensors
 * keep their contents or get others, and results mean nothing.
 */
void flashlm_rehearse(flashlm_engine* engine);
/* Bytes that the engine holds for calls to work in: what the most demanding ones have needed so far. */
size_t flashlm_working_bytes(const flashlm_engine* engine);

/* Bytes of the packed layout of rows x cols ternary codes. */
flashlm_status flashlm_packed_ternary_bytes(flashlm_engine* engine, int64_t rows, int64_t cols,
                                            int64_t* bytes);
/* Runs a loop that does one thing only; see limits.h. `memory` has `count` floats for each thread. */
flashlm_status flashlm_measure_limit(flashlm_engine* engine, const char* name, int64_t rounds, float* memory,
                                     int64_t count, double* seconds, double* work);
/* A 52-bit checksum of some bytes. */
double flashlm_digest(const flashlm_engine* engine, const void* data, int64_t bytes);
/* Index of the first NaN or infinity, else -1. */
int64_t flashlm_find_non_finite(const flashlm_engine* engine, const float* values, int64_t count);

#ifdef __cplusplus
}
#endif

#endif
