#include "thread_team.h"

#include <pthread.h>
#include <stdint.h>

#include <atomic>
#include <chrono>
#include <new>
#include <thread>

namespace flashlm {
namespace {

/**
 * How long a thread that waits keeps its CPU, before it sleeps: longer than JavaScript needs from one kernel
 * to the next, and short, because on a machine that others use too it takes the CPU from the very thread that
 * it waits for.
 */
constexpr std::chrono::microseconds kSpinTime(50);
/** Between two looks at the clock. */
constexpr int kPauses = 16;

/** Kernels keep tiles on the stack, 96 KB of them; sanitizers add to that. Systems' own sizes differ. */
constexpr size_t kStackBytes = 1 << 20;

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/** Where one thread waits for what others store. */
class Waiter {
 public:
  ~Waiter() {
    pthread_cond_destroy(&wake_);
    pthread_mutex_destroy(&mutex_);
  }

  template <class Ready>
  void waitUntil(bool spins, const Ready& ready) {
    if (ready() || (spins && isSoon(ready))) return;
    pthread_mutex_lock(&mutex_);
    isAsleep_.store(true);
    while (!ready()) pthread_cond_wait(&wake_, &mutex_);
    isAsleep_.store(false);
    pthread_mutex_unlock(&mutex_);
  }

  /**
   * Called after `ready` became true. That store and its load, like those of `isAsleep_`, are sequentially
   * consistent: of two threads that each store one and then load the other, at least one sees the other's.
   */
  void wake() {
    if (!isAsleep_.load()) return;
    // Locked by a thread that was not ready, until it waits.
    pthread_mutex_lock(&mutex_);
    pthread_mutex_unlock(&mutex_);
    pthread_cond_signal(&wake_);
  }

 private:
  template <class Ready>
  static bool isSoon(const Ready& ready) {
    const auto end = std::chrono::steady_clock::now() + kSpinTime;
    do {
      for (int i = 0; i < kPauses; i++) {
        pause();
        if (ready()) return true;
      }
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  // Those of C++ need a younger standard library than all else here.
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake_ = PTHREAD_COND_INITIALIZER;
  std::atomic<bool> isAsleep_{false};
};

/** Set in threads that are running a piece. */
thread_local bool inSection = false;

/** Set in threads whose sections run nothing. */
thread_local bool inRehearsal = false;

/** A child of this process has none of its threads but the one that forked. */
std::atomic<int> forks{0};

/** The threads of one calling thread. */
class Team {
 public:
  Team() {
    static const int watched = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); });
    (void)watched;
  }

  ~Team() {
    begin(kEnd, size_);
    while (Worker* worker = first_) {
      pthread_join(worker->thread, nullptr);
      first_ = worker->next;
      delete worker;
    }
  }

  bool isOfThisProcess() const { return forks_ == forks.load(); }

  void run(int pieces, void (*run)(const void*, int), const void* context) {
    grow(pieces - 1);
    run_ = run;
    context_ = context;
    pieces_ = pieces;
    const int others = pieces - 1 < size_ ? pieces - 1 : size_;
    spins_ = others < cpus_;
    running_.store(others);
    begin((section_.load() / kMaxThreads + 1) * kMaxThreads + static_cast<uint64_t>(others), others);
    runPiecesOf(0, others + 1);
    caller_.waitUntil(spins_, [&] { return running_.load() == 0; });
  }

 private:
  /** A section's word: its number, and how many workers take part, the first ones of the team. */
  static constexpr uint64_t kMaxThreads = 1 << 16, kEnd = UINT64_MAX;

  struct Worker {
    Team* team;
    /** From 1: the caller is 0. */
    int number;
    pthread_t thread;
    Waiter waiter;
    Worker* next;
  };

  /** Starts workers up to `count`, or as many as the system gives. */
  void grow(int count) {
    if (count <= size_ || isRefused_) return;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    while (size_ < count && !isRefused_) {
      Worker* worker = new (std::nothrow) Worker{this, size_ + 1, {}, {}, nullptr};
      isRefused_ = !worker || pthread_create(&worker->thread, &attributes, work, worker) != 0;
      if (isRefused_) {
        delete worker;
      } else {
        (last_ ? last_->next : first_) = worker;
        last_ = worker;
        size_++;
      }
    }
    pthread_attr_destroy(&attributes);
  }

  void begin(uint64_t section, int others) {
    section_.store(section);
    for (Worker* worker = first_; others-- > 0; worker = worker->next) worker->waiter.wake();
  }

  void runPiecesOf(int number, int threads) {
    inSection = true;
    for (int piece = number; piece < pieces_; piece += threads) run_(context_, piece);
    inSection = false;
  }

  static void* work(void* argument) {
    Worker& worker = *static_cast<Worker*>(argument);
    Team& team = *worker.team;
    bool spins = false;
    for (uint64_t section = 0;;) {
      // The caller waits for every worker that takes part, so no worker misses a section that counts on it.
      worker.waiter.waitUntil(spins, [&, before = section] {
        section = team.section_.load();
        return section != before && static_cast<uint64_t>(worker.number) <= section % kMaxThreads;
      });
      if (section == kEnd) return nullptr;
      spins = team.spins_;
      team.runPiecesOf(worker.number, static_cast<int>(section % kMaxThreads) + 1);
      if (team.running_.fetch_sub(1) == 1) team.caller_.wake();
    }
  }

  const int forks_ = forks.load();
  const int cpus_ = static_cast<int>(std::thread::hardware_concurrency());
  Worker *first_ = nullptr, *last_ = nullptr;
  int size_ = 0;
  /** The system gave no more threads, or no memory for one. */
  bool isRefused_ = false;

  // Of the present section: written before `section_`, and read by those who take part.
  void (*run_)(const void*, int) = nullptr;
  const void* context_ = nullptr;
  int pieces_ = 0;
  /** With more threads than CPUs, one that spins keeps another from running. */
  bool spins_ = false;

  // On lines of cache without anything that others write.
  char before_[64];
  std::atomic<uint64_t> section_{0};
  char between_[64];
  std::atomic<int> running_{0};
  Waiter caller_;
};

/** Ends the team with the thread. */
struct Teams {
  Team* team = nullptr;

  ~Teams() { drop(); }
  void drop() {
    // The threads of another process can't be joined.
    if (team && team->isOfThisProcess()) delete team;
    team = nullptr;
  }
};
thread_local Teams teams;

}  // namespace

Rehearsal::Rehearsal(bool isOne) : before_(inRehearsal) { inRehearsal = isOne; }
Rehearsal::~Rehearsal() { inRehearsal = before_; }

void runPieces(int pieces, void (*run)(const void* context, int piece), const void* context) {
  if (inRehearsal) return;
  if (pieces > 1 && !inSection) {
    if (teams.team && !teams.team->isOfThisProcess()) teams.drop();
    if (!teams.team) teams.team = new (std::nothrow) Team();
    if (teams.team) return teams.team->run(pieces, run, context);
  }
  for (int piece = 0; piece < pieces; piece++) run(context, piece);
}

}  // namespace flashlm
