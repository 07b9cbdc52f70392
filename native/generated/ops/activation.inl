// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kActivationFn[] = {"silu", "sigmoid", "tanh", "relu", "relu2", "gelu", "gelu_tanh", "softplus"};
constexpr ArgSpec kActivationArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outSlope", symbol(0), symbol(1)).out().optional().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    choice("fn", kActivationFn),
};
constexpr SymbolSpec kActivationSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runActivation(const KernelTable& table, Context& context, const Argument* v) {
  table.activation(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<Fn>(v[3].choice)});
  return 0;
}
constexpr OpSpec kActivationOp = {"activation", kActivationArgs, 4, 10, kActivationSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runActivation, 0x31eb54f740531298u};
