// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kHeadLossPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kHeadLossArgs[] = {
    tensor<float>("outNats", symbol(0), fixed(1)).out(),
    tensor<float>("outDh", symbol(0), symbol(1)).out().optional(),
    tensor<float>("accTable", symbol(2), symbol(1)).update().optional(),
    tensor<float>("accBias", fixed(1), symbol(2)).update().optional(),
    tensor<float>("h", symbol(0), symbol(1)),
    tensor<float>("table", symbol(2), symbol(1)),
    tensor<float>("bias", fixed(1), symbol(2)).optional(),
    tensor<int32_t>("targets.offsets", sum("M+1", term(1, 0), term(1)), fixed(1)).offsetsInto(3),
    tensor<int32_t>("targets.ids", symbol(3), fixed(1)).below(2).entriesOf(7),
    tensor<float>("targets.weights", symbol(3), fixed(1)).entriesOf(7),
    scalar("scale"),
    choice("precision", kHeadLossPrecision),
    scalar("cap"),
    scalar("zLoss"),
};
constexpr SymbolSpec kHeadLossSymbols[] = {
    solve("M", symbol(0), 4, SymbolSpec::rows),
    solve("D", symbol(1), 4, SymbolSpec::cols),
    solve("V", symbol(2), 5, SymbolSpec::rows),
    solve("Z", symbol(3), 8, SymbolSpec::rows),
};
double runHeadLoss(const KernelTable& table, Context& context, const Argument* v) {
  table.headLoss(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), matrix<const int32_t>(v[7]), matrix<const int32_t>(v[8]), matrix<const float>(v[9]), v[10].number, static_cast<Precision>(v[11].choice), v[12].number, v[13].number});
  return 0;
}
constexpr OpSpec kHeadLossOp = {"headLoss", kHeadLossArgs, 14, 34, kHeadLossSymbols, 4, nullptr, 0, false, kNone, kNone, false, false, false, runHeadLoss, 0xf20a9d2fe6f269f2u};
