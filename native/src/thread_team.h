#pragma once

/** Threads that run the pieces of parallel sections. Nothing here is inline: see `parallel.h`. */
namespace flashlm {

/**
 * Calls `run(context, piece)` for every piece in [0, pieces) and returns when all have ended: piece 0 on the
 * calling thread, every other on its own thread, which is the same in each section. Where the system gives
 * fewer threads, each runs several pieces; within a section, the thread that calls runs them all. Threads
 * that call at the same time have a team each. `run` must not throw.
 */
void runPieces(int pieces, void (*run)(const void* context, int piece), const void* context);

/** While one lives, sections of this thread run no piece: a kernel takes its working memory, and computes
 * nothing. */
class Rehearsal {
 public:
  explicit Rehearsal(bool isOne);
  ~Rehearsal();
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

 private:
  const bool before_;
};

}  // namespace flashlm
