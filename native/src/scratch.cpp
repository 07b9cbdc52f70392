#include <new>

#include "asan.h"
#include "context.h"

namespace flashlm {
namespace {

constexpr size_t kAlign = 64;
// Small requests share a block, so that a kernel's first call does not allocate once per buffer.
constexpr size_t kMinBlock = 64 * 1024;

// Between two requests that share a block, where a sanitizer watches.
constexpr size_t kGap = kAsan ? kAlign : 0;

constexpr size_t aligned(size_t size) { return (size + kAlign - 1) / kAlign * kAlign; }

}  // namespace

/** The head of a block; its memory follows. */
struct Scratch::Block {
  Block* next;
  size_t size, used;

  unsigned char* first() { return reinterpret_cast<unsigned char*>(this) + aligned(sizeof(Block)); }
  void clear() {
    used = 0;
    forbid(first(), size);
  }
};

void* Scratch::bytes(size_t count, size_t size) {
  if (count > (SIZE_MAX / 2) / size) {
    failed_ = SIZE_MAX / 2;
    return nullptr;
  }
  const size_t need = aligned(count * size) + kGap;
  if (!blocks_ || blocks_->size - blocks_->used < need) {
    const size_t capacity = need > kMinBlock ? need : kMinBlock;
    void* memory = ::operator new(aligned(sizeof(Block)) + capacity, std::align_val_t(kAlign), std::nothrow);
    if (!memory) {
      failed_ = need;
      return nullptr;
    }
    blocks_ = new (memory) Block{blocks_, capacity, 0};
    forbid(blocks_->first(), capacity);
  }
  void* result = blocks_->first() + blocks_->used;
  blocks_->used += need;
  allow(result, count * size);
  return result;
}

void Scratch::reset() {
  failed_ = 0;
  if (!blocks_) return;
  if (!blocks_->next) return blocks_->clear();
  // The last call outgrew its block: one block of what it used serves the next.
  size_t total = 0;
  for (const Block* block = blocks_; block; block = block->next) total += block->used;
  release();
  bytes(total, 1);
  failed_ = 0;
  if (blocks_) blocks_->clear();
}

size_t Scratch::size() const {
  size_t total = 0;
  for (const Block* block = blocks_; block; block = block->next) total += block->size;
  return total;
}

void Scratch::release() {
  while (blocks_) {
    Block* next = blocks_->next;
    ::operator delete(blocks_, std::align_val_t(kAlign));
    blocks_ = next;
  }
}

Scratch::~Scratch() { release(); }

}  // namespace flashlm
