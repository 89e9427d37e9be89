SELECT CAST((SELECT concat('{"nodes":[', string_agg(concat('{"id":"', encode(convert_to('Order:' || CAST(page_0.id AS TEXT), 'UTF8'), 'base64'), '","status":"', upper(page_0.status), '","total":"', page_0.total, '","customer":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', to_json(customers_1.name), '}') END, ',"items":', (SELECT concat('{"nodes":[', string_agg(concat('{"quantity":', page_1.quantity, ',"unitPrice":"', page_1.unit_price, '","product":', CASE WHEN (products_1.id IS NULL) THEN 'null' ELSE concat('{"name":', to_json(products_1.name), ',"manufacturer":', CASE WHEN (suppliers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', to_json(suppliers_1.name), '}') END, '}') END, '}'), ',' ORDER BY page_1.number), ']}') AS concat_2 
FROM (SELECT page_1_rows.product_id AS product_id, page_1_rows.quantity AS quantity, page_1_rows.unit_price AS unit_price, row_number() OVER () AS number 
FROM (SELECT order_items_1.product_id AS product_id, order_items_1.quantity AS quantity, order_items_1.unit_price AS unit_price 
FROM order_items AS order_items_1 
WHERE order_items_1.order_id = page_0.id ORDER BY order_items_1.id 
 LIMIT $1::BIGINT) AS page_1_rows) AS page_1 LEFT OUTER JOIN products AS products_1 ON products_1.id = page_1.product_id LEFT OUTER JOIN suppliers AS suppliers_1 ON suppliers_1.id = products_1.manufacturer_id), '}'), ',' ORDER BY page_0.number), ']}') AS concat_1 
FROM (SELECT page_0_rows.id AS id, page_0_rows.customer_id AS customer_id, page_0_rows.status AS status, page_0_rows.total AS total, row_number() OVER () AS number 
FROM (SELECT orders_1.id AS id, orders_1.customer_id AS customer_id, orders_1.status AS status, orders_1.total AS total 
FROM orders AS orders_1 
WHERE true ORDER BY orders_1.order_date DESC, orders_1.id DESC 
 LIMIT $2::BIGINT) AS page_0_rows) AS page_0 LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = page_0.customer_id) AS VARCHAR) AS anon_1;
