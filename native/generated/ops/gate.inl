// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kGateFn[] = {"silu", "sigmoid", "tanh", "relu", "relu2", "gelu", "gelu_tanh", "softplus"};
constexpr ArgSpec kGateArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outFactors", symbol(0), sum("2*D", term(2, 1))).out().optional().cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    choice("fn", kGateFn),
};
constexpr SymbolSpec kGateSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 2, SymbolSpec::cols),
};
double runGate(const KernelTable& table, Context& context, const Argument* v) {
  table.gate(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<Fn>(v[3].choice)});
  return 0;
}
constexpr OpSpec kGateOp = {"gate", kGateArgs, 4, 10, kGateSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runGate, 0x6fde84b4ee2c75fau};
