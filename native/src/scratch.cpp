#include <new>

#include "context.h"

namespace flashlm {
namespace {

constexpr size_t kAlign = 64;
// Small requests share a block, so that a kernel's first call does not allocate once per buffer.
constexpr size_t kLeastBlock = 64 * 1024;

constexpr size_t aligned(size_t size) { return (size + kAlign - 1) / kAlign * kAlign; }

}  // namespace

void* Scratch::bytes(size_t count, size_t size) {
  if (count > (SIZE_MAX / 2) / size) {
    failed_ = SIZE_MAX / 2;
    return nullptr;
  }
  const size_t need = aligned(count * size);
  if (!blocks_ || blocks_->size - blocks_->used < need) {
    const size_t capacity = need > kLeastBlock ? need : kLeastBlock;
    void* memory = ::operator new(aligned(sizeof(Block)) + capacity, std::align_val_t(kAlign), std::nothrow);
    if (!memory) {
      failed_ = need;
      return nullptr;
    }
    blocks_ = new (memory) Block{blocks_, capacity, 0};
  }
  unsigned char* first = reinterpret_cast<unsigned char*>(blocks_) + aligned(sizeof(Block));
  void* result = first + blocks_->used;
  blocks_->used += need;
  return result;
}

void Scratch::reset() {
  failed_ = 0;
  if (!blocks_) return;
  if (!blocks_->next) {
    blocks_->used = 0;
    return;
  }
  // The last call outgrew its block: one block of the whole size serves the next.
  size_t total = 0;
  for (const Block* block = blocks_; block; block = block->next) total += block->size;
  release();
  bytes(total, 1);
  failed_ = 0;
  if (blocks_) blocks_->used = 0;
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
