// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSumSquaresArgs[] = {
    tensor<float>("x", symbol(0), symbol(1)),
};
constexpr SymbolSpec kSumSquaresSymbols[] = {
    solve("M", symbol(0), 0, SymbolSpec::rows),
    solve("D", symbol(1), 0, SymbolSpec::cols),
};
double runSumSquares(const KernelTable& table, Context& context, const Argument* v) {
  return table.sumSquares(context, {matrix<const float>(v[0])});
}
constexpr OpSpec kSumSquaresOp = {"sumSquares", kSumSquaresArgs, 1, 3, kSumSquaresSymbols, 2, nullptr, 0, false, kNone, kNone, false, false, true, runSumSquares, 0x807499b887b69cccu};
