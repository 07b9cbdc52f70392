// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSoftmaxGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dp", symbol(0), symbol(1)).cut(),
    tensor<float>("p", symbol(0), symbol(1)).cut(),
    scalar("factor"),
};
constexpr SymbolSpec kSoftmaxGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runSoftmaxGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.softmaxGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), v[3].number});
  return 0;
}
constexpr OpSpec kSoftmaxGradOp = {"softmaxGrad", kSoftmaxGradArgs, 4, 10, kSoftmaxGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSoftmaxGrad, 0x5f606b5b23ec8f4du};
