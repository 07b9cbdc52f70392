// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSoftmaxCrossEntropyArgs[] = {
    tensor<float>("outNats", symbol(0), fixed(1)).out(),
    tensor<float>("outDz", symbol(0), symbol(1)).out().optional(),
    tensor<float>("z", symbol(0), symbol(1)),
    tensor<int32_t>("targets.offsets", sum("M+1", term(1, 0), term(1)), fixed(1)).offsetsInto(2),
    tensor<int32_t>("targets.ids", symbol(2), fixed(1)).below(1).entriesOf(3),
    tensor<float>("targets.weights", symbol(2), fixed(1)).entriesOf(3),
    scalar("scale"),
    scalar("cap"),
    scalar("zLoss"),
};
constexpr SymbolSpec kSoftmaxCrossEntropySymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("V", symbol(1), 2, SymbolSpec::cols),
    solve("Z", symbol(2), 4, SymbolSpec::rows),
};
double runSoftmaxCrossEntropy(const KernelTable& table, Context& context, const Argument* v) {
  table.softmaxCrossEntropy(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), matrix<const int32_t>(v[4]), matrix<const float>(v[5]), v[6].number, v[7].number, v[8].number});
  return 0;
}
constexpr OpSpec kSoftmaxCrossEntropyOp = {"softmaxCrossEntropy", kSoftmaxCrossEntropyArgs, 9, 21, kSoftmaxCrossEntropySymbols, 3, nullptr, 0, false, kNone, kNone, false, false, false, runSoftmaxCrossEntropy, 0xd4ac268646bb29bu};
