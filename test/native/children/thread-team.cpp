// Checks of a team of threads, one by name or all: `thread-team [check ...]`. Ends with status 1 at the first
// that fails, and by a signal where a thread waits for ever. Linked with `--wrap=pthread_create`.
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "../../../native/src/thread_team.h"

/** Threads that may still be made. */
static std::atomic<int> threadsLeft{1 << 20};

extern "C" int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
extern "C" int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                                     void* of) {
  return threadsLeft-- > 0 ? __real_pthread_create(thread, attributes, run, of) : EAGAIN;
}

namespace {

using Ids = std::vector<std::thread::id>;

template <class F>
void section(int pieces, const F& fn) {
  flashlm::runPieces(pieces, [](const void* of, int piece) { (*static_cast<const F*>(of))(piece); }, &fn);
}

[[noreturn]] void fail(const char* why) {
  fprintf(stderr, "%s\n", why);
  _exit(1);
}

/** Runs a section, and holds that each piece runs once. Returns which thread ran each. */
Ids threadsOf(int pieces) {
  // Plain memory: a thread sanitizer sees whether the end of a section comes after all of its pieces.
  std::vector<int> runs(static_cast<size_t>(pieces));
  Ids ids(static_cast<size_t>(pieces));
  section(pieces, [&](int piece) {
    runs[static_cast<size_t>(piece)]++;
    ids[static_cast<size_t>(piece)] = std::this_thread::get_id();
  });
  for (const int count : runs)
    if (count != 1) fail("a piece was not run once");
  return ids;
}

size_t different(const Ids& ids) { return std::set<std::thread::id>(ids.begin(), ids.end()).size(); }

void rest(int microseconds) { std::this_thread::sleep_for(std::chrono::microseconds(microseconds)); }

void checkPieces() {
  const Ids all = threadsOf(40);
  if (all[0] != std::this_thread::get_id()) fail("the first piece is not the caller's");
  if (different(all) != 40) fail("two pieces share a thread");
  for (int pieces = 0; pieces <= 40; pieces++) {
    const Ids ids = threadsOf(pieces);
    if (!std::equal(ids.begin(), ids.end(), all.begin())) fail("a piece changed its thread");
  }
}

void checkManySections() {
  for (int i = 0; i < 3000; i++) threadsOf(i % 3 + 1);
}

void checkSleep() {
  for (int i = 0; i < 60; i++) {
    threadsOf(3);
    // Around the time that threads spin, where they are about to sleep.
    rest(i % 20 * 4);
  }
  for (int i = 0; i < 60; i++) section(3, [&](int piece) { rest(piece == i % 3 ? i % 20 * 4 : 0); });
}

void checkNested() {
  section(3, [](int) {
    const Ids inner = threadsOf(5);
    if (different(inner) != 1) fail("a section in another one is not on its thread");
  });
  if (different(threadsOf(3)) != 3) fail("no team after sections in sections");
}

void checkCallers() {
  std::atomic<long> sum{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; i++)
    callers.emplace_back([&] {
      for (int round = 0; round < 300; round++) section(3, [&](int piece) { sum += piece + 1; });
    });
  for (std::thread& caller : callers) caller.join();
  if (sum != 4 * 300 * 6) fail("callers disturb each other");
}

int threadsHere() {
  DIR* tasks = opendir("/proc/self/task");
  int count = 0;
  while (readdir(tasks)) count++;
  closedir(tasks);
  return count;
}

void checkEnds() {
  const int before = threadsHere();
  std::thread([] { threadsOf(6); }).join();
  // The system lists a thread for a moment after it was joined.
  for (int i = 0; threadsHere() > before; i++) {
    if (i == 1000) fail("a team outlives its caller");
    rest(1000);
  }
}

void checkFork() {
  threadsOf(4);
  const pid_t child = fork();
  if (child == 0) {
    if (different(threadsOf(4)) != 4) fail("no team in a child");
    exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  if (status != 0) fail("a child of a process with a team does not end well");
  threadsOf(4);
}

void checkRefused() {
  for (const int most : {0, 1, 3}) {
    threadsLeft = 1 << 20;
    std::thread([most] {
      threadsLeft = most;
      for (int i = 0; i < 3; i++)
        if (different(threadsOf(9)) != static_cast<size_t>(most) + 1) fail("not all threads were used");
    }).join();
  }
  threadsLeft = 1 << 20;
}

const struct {
  const char* name;
  void (*run)();
} CHECKS[] = {
    {"pieces", checkPieces},   {"many", checkManySections}, {"sleep", checkSleep}, {"nested", checkNested},
    {"callers", checkCallers}, {"ends", checkEnds},         {"fork", checkFork},   {"refused", checkRefused},
};

}  // namespace

int main(int argc, char** argv) {
  alarm(60);
  for (const auto& check : CHECKS) {
    bool isWanted = argc == 1;
    for (int i = 1; i < argc; i++) isWanted |= !strcmp(argv[i], check.name);
    if (!isWanted) continue;
    check.run();
    printf("%s\n", check.name);
    fflush(stdout);
  }
}
