// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kHeadLossPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kHeadLossArgs[] = {
    tensor<float>("outNats", symbol(0), fixed(1)).out(),
    tensor<float>("outDh", symbol(0), symbol(1)).out().optional(),
    tensor<float>("accTable", symbol(2), symbol(1)).update().optional(),
    tensor<float>("h", symbol(0), symbol(1)),
    tensor<float>("table", symbol(2), symbol(1)),
    tensor<int32_t>("targets.offsets", sum("M+1", term(1, 0), term(1)), fixed(1)).offsetsInto(3),
    tensor<int32_t>("targets.ids", symbol(3), fixed(1)).below(2).entriesOf(5),
    tensor<float>("targets.weights", symbol(3), fixed(1)).entriesOf(5),
    scalar("scale"),
    choice("precision", kHeadLossPrecision),
    scalar("cap"),
    scalar("zLoss"),
};
constexpr SymbolSpec kHeadLossSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 3, SymbolSpec::cols),
    solve("V", symbol(2), 4, SymbolSpec::rows),
    solve("Z", symbol(3), 6, SymbolSpec::rows),
};
double runHeadLoss(const KernelTable& table, Context& context, const Argument* v) {
  table.headLoss(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const int32_t>(v[5]), matrix<const int32_t>(v[6]), matrix<const float>(v[7]), v[8].number, static_cast<Precision>(v[9].choice), v[10].number, v[11].number});
  return 0;
}
constexpr OpSpec kHeadLossOp = {"headLoss", kHeadLossArgs, 12, 28, kHeadLossSymbols, 4, nullptr, 0, false, kNone, kNone, false, false, false, runHeadLoss, 0x311e788c213aa525u};
