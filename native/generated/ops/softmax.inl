// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSoftmaxArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    scalar("factor"),
};
constexpr SymbolSpec kSoftmaxSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runSoftmax(const KernelTable& table, Context& context, const Argument* v) {
  table.softmax(context, {matrix<float>(v[0]), matrix<const float>(v[1]), v[2].number});
  return 0;
}
constexpr OpSpec kSoftmaxOp = {"softmax", kSoftmaxArgs, 3, 7, kSoftmaxSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSoftmax, 0x126a605cefd897eeu};
