// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kCountPairsArgs[] = {
    tensor<int32_t>("outOffsets", sum("V+1", term(1, 1), term(1)), fixed(1)).out(),
    tensor<int32_t>("outTargets", symbol(0), fixed(1)).out(),
    tensor<int32_t>("outCounts", symbol(0), fixed(1)).out(),
    tensor<int32_t>("ids", symbol(0), fixed(1)).below(1),
    tensor<int32_t>("targets", symbol(0), fixed(1)).below(1),
    scalar("vocab").wholeNumber(1),
};
constexpr SymbolSpec kCountPairsSymbols[] = {
    solve("N", symbol(0), 3, SymbolSpec::rows),
    solve("V", symbol(1), 5, SymbolSpec::number),
};
double runCountPairs(const KernelTable& table, Context& context, const Argument* v) {
  table.countPairs(context, {matrix<int32_t>(v[0]), matrix<int32_t>(v[1]), matrix<int32_t>(v[2]), matrix<const int32_t>(v[3]), matrix<const int32_t>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}
constexpr OpSpec kCountPairsOp = {"countPairs", kCountPairsArgs, 6, 16, kCountPairsSymbols, 2, nullptr, 0, false, kNone, kNone, false, true, false, runCountPairs, 0x7def4be7e8fe7cc8u};
