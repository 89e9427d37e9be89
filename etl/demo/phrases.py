"""What pharmacies write to the service desk, by topic; `{order}`, `{product}` and `{amount}` are filled in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A reason to get in touch: its type, and subjects with messages that go with each."""

    type: str
    texts: tuple[tuple[str, str], ...]


CHANGE = Topic(
    "order",
    (
        (
            "Incluir item no pedido {order}",
            "gostaria de incluir mais {amount} unidades de {product} no pedido {order}.",
        ),
        ("Alterar quantidade do pedido {order}", "podem alterar para {amount} unidades o {product} do pedido {order}?"),
        ("Retirar item do pedido {order}", "por favor, retirem o {product} do pedido {order}, ainda tenho estoque."),
        ("Confirmação do pedido {order}", "o pedido {order} foi recebido? Ainda não chegou a confirmação por e-mail."),
        (
            "Pedido {order} pelo WhatsApp",
            "segue o pedido da semana: {amount} de {product} e o restante como de costume.",
        ),
        ("Endereço do pedido {order}", "o pedido {order} deve ir para o depósito, na mesma rua, número seguinte."),
    ),
)
DELIVERY = Topic(
    "inquiry",
    (
        ("Previsão de entrega do pedido {order}", "qual a previsão de entrega do pedido {order}?"),
        (
            "Rastreamento do pedido {order}",
            "o código de rastreio do pedido {order} não abre no site da transportadora.",
        ),
        ("Pedido {order}: entrega hoje?", "o pedido {order} chega hoje? Estou quase sem {product} na prateleira."),
        ("Horário da entrega do pedido {order}", "é possível entregar o pedido {order} antes do meio-dia?"),
    ),
)
LATE = Topic(
    "complaint",
    (
        ("Pedido {order} atrasado", "o pedido {order} passou da data prometida e estou sem {product} para vender."),
        (
            "Atraso na entrega",
            "a transportadora não veio e o pedido {order} já deveria ter chegado. Preciso de retorno.",
        ),
        (
            "Onde está o pedido {order}?",
            "é a segunda vez que atrasa. Perdi vendas de {product} por causa do pedido {order}.",
        ),
        ("Entrega fora do prazo", "o prazo do pedido {order} venceu. Peço que revejam a rota da nossa cidade."),
    ),
)
DEFECT = Topic(
    "complaint",
    (
        (
            "Avaria no pedido {order}",
            "recebemos {amount} caixas de {product} amassadas no pedido {order}. Tenho fotos.",
        ),
        (
            "Falta de item no pedido {order}",
            "a nota do pedido {order} traz {product}, mas faltaram {amount} unidades na caixa.",
        ),
        ("Validade curta", "{product} do pedido {order} veio com validade de 5 meses. Como faço a devolução?"),
        ("Produto trocado no pedido {order}", "no lugar de {product} veio outra dosagem no pedido {order}."),
        (
            "Preço diferente no pedido {order}",
            "o preço de {product} na nota do pedido {order} está acima do combinado.",
        ),
        ("Embalagem violada", "{product} do pedido {order} veio com a embalagem violada, sem o selo de segurança."),
        ("Lacre rompido", "uma caixa do pedido {order} chegou com o lacre rompido; conferimos e falta {product}."),
    ),
)
PAPERS = Topic(
    "support",
    (
        ("Segunda via do boleto", "preciso da segunda via do boleto do pedido {order}."),
        ("XML da nota fiscal", "podem reenviar o XML da nota do pedido {order}? O nosso sistema não importou."),
        ("Prorrogação do boleto", "consigo prorrogar por 5 dias o vencimento do boleto do pedido {order}?"),
        ("Comprovante do pix", "enviei o comprovante do pix do pedido {order}, mas ainda aparece em aberto."),
        (
            "Lote na nota fiscal",
            "a nota do pedido {order} não traz o lote de {product}; preciso dele para a rastreabilidade.",
        ),
    ),
)
REFUND = Topic(
    "support",
    (
        ("Estorno do pedido {order}", "o pedido {order} foi cancelado. Quando cai o estorno?"),
        ("Pedido {order} cancelado", "por que o pedido {order} foi cancelado? Posso refazer sem {product}?"),
        ("Refazer pedido {order}", "gostaria de refazer o pedido {order} com outra forma de pagamento."),
    ),
)
QUESTION = Topic(
    "inquiry",
    (
        ("Disponibilidade de {product}", "vocês têm {product} para pronta entrega?"),
        ("Preço de {product}", "qual o preço de {product} para {amount} unidades?"),
        ("Opção a {product}", "há algum genérico mais em conta que {product}?"),
        ("Bonificação", "há alguma condição para {amount} unidades de {product} este mês?"),
        ("Reposição de {product}", "{product} está em falta há dias. Há previsão de chegada?"),
        ("Limite de crédito", "gostaria de saber como aumentar o nosso limite de crédito."),
    ),
)
ACCESS = Topic(
    "support",
    (
        ("Acesso ao site", "não consigo entrar na loja virtual, a senha expirou."),
        ("Atualização cadastral", "mudamos de contador e precisamos atualizar o e-mail que recebe as notas."),
        ("Alvará sanitário", "segue o novo alvará sanitário para liberar a compra de controlados."),
        ("Certificado de regularidade", "enviamos a certidão de regularidade técnica do CRF renovada."),
        ("Erro no carrinho", "a loja virtual mostra erro quando incluo {product} no carrinho."),
    ),
)

CLOSINGS = (
    "",
    " Obrigada.",
    " Obrigado.",
    " Fico no aguardo.",
    " Aguardo retorno, obrigada.",
    " Grato.",
    " Att., compras",
)
