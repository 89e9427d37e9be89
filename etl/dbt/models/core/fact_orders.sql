{{ config(
  pre_hook=[
    "{{ note_touched(touched_lines()) }}",
    "{{ note_days('order_item_id', 'order_date', is_after=false) }}",
    "{{ clear_touched('order_item_id', 'order_date', ref('int_order_lines')) }}",
  ],
  post_hook=["{{ note_days('order_item_id', 'order_date') }}", "{{ advance_watermark() }}"],
  **fact('order_date', ['customer_id', 'product_id'])
) }}
select * from {{ ref('int_order_lines') }}
where {{ is_touched('order_item_id', 'order_date', ref('int_order_lines')) }}
